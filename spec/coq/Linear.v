(** * The linear layer Z = W Y + b 1^T, and the Kronecker product (claims linear.dY, linear.dW, linear.db, kron.vec)

    W is m x n, Y is n x p (one column is one sample), b has m entries; m, n, p are any numbers, zero included. *)

From Backproof Require Import Prelude.

Section Linear.

Notation matrix := (nat -> nat -> R).
Notation vector := (nat -> R).

(** Z[i, s] = sum_j W[i, j] Y[j, s] + b[i] *)
Definition linear (n : nat) (W Y : matrix) (b : vector) : matrix := fun i s => sum n (fun j => W i j * Y j s) + b i.

(** W^T dZ,  dZ Y^T,  dZ 1 *)
Definition back_Y (m : nat) (W dZ : matrix) : matrix := fun j s => sum m (fun i => W i j * dZ i s).
Definition back_W (p : nat) (dZ Y : matrix) : matrix := fun i j => sum p (fun s => dZ i s * Y j s).
Definition back_b (p : nat) (dZ : matrix) : vector := fun i => sum p (fun s => dZ i s).

(** dZ = dW Y + W dY + db 1^T, jointly in W, Y and b, from any module of parameters *)
Theorem linear_differential {U : NormedModule R_AbsRing} m n p (u : U) (W Y W' Y' : U -> matrix) (b b' : U -> vector) :
  (forall i, (i < m)%nat -> forall j, (j < n)%nat -> diff (fun v => W v i j) u (fun v => W' v i j)) ->
  (forall j, (j < n)%nat -> forall s, (s < p)%nat -> diff (fun v => Y v j s) u (fun v => Y' v j s)) ->
  (forall i, (i < m)%nat -> diff (fun v => b v i) u (fun v => b' v i)) ->
  forall i, (i < m)%nat -> forall s, (s < p)%nat ->
  diff (fun v => linear n (W v) (Y v) (b v) i s) u
       (fun v => sum n (fun j => W' v i j * Y u j s + W u i j * Y' v j s) + b' v i).
Proof.
  intros HW HY Hb i Hi s Hs. apply diff_plus; [|now apply Hb].
  apply (diff_sum n (fun j v => W v i j * Y v j s) (fun j v => W' v i j * Y u j s + W u i j * Y' v j s)).
  intros j Hj. apply (diff_mult (fun v => W v i j) (fun v => Y v j s)); [now apply HW|now apply HY].
Qed.

(** The adjoint: <dZ, dW Y + W dY + db 1^T> = <dZ Y^T, dW> + <W^T dZ, dY> + <dZ 1, db> *)
Theorem linear_adjoint m n p (dZ W Y W' Y' : matrix) (b' : vector) :
  dot [m; p] dZ (fun i s => sum n (fun j => W' i j * Y j s + W i j * Y' j s) + b' i)
  = dot [m; n] (back_W p dZ Y) W' + dot [n; p] (back_Y m W dZ) Y' + dot [m] (back_b p dZ) b'.
Proof.
  unfold dot, back_W, back_Y, back_b. simpl.
  transitivity (sum m (fun i => sum n (fun j => sum p (fun s => dZ i s * Y j s) * W' i j))
              + sum m (fun i => sum p (fun s => sum n (fun j => W i j * dZ i s * Y' j s)))
              + sum m (fun i => sum p (fun s => dZ i s) * b' i)).
  - rewrite <- !sum_add. apply sum_ext. intros i _. rewrite <- (sum_factor_r p (b' i)).
    rewrite (sum_ext n (fun j => sum p _ * W' i j) (fun j => sum p (fun s => dZ i s * Y j s * W' i j)))
      by (intros j _; symmetry; apply sum_factor_r).
    rewrite sum_swap, <- !sum_add. apply sum_ext. intros s _.
    rewrite <- sum_add, Rmult_plus_distr_l, <- sum_factor. f_equal. apply sum_ext. intros j _. ring.
  - f_equal. f_equal.
    transitivity (sum m (fun i => sum n (fun j => sum p (fun s => W i j * dZ i s * Y' j s)))).
    + apply sum_ext. intros i _. apply sum_swap.
    + rewrite sum_swap. apply sum_ext. intros j _. rewrite sum_swap. apply sum_ext. intros s _. apply sum_factor_r.
Qed.

(** For a function f of Z with gradient dZ, jointly in W, Y and b:
    dW = dZ Y^T,  dY = W^T dZ,  db = dZ 1 *)
Theorem linear_joint {U : NormedModule R_AbsRing} m n p (u : U) (W Y W' Y' : U -> matrix) (b b' : U -> vector)
  (f : matrix -> R) (dZ : matrix) :
  (forall i, (i < m)%nat -> forall j, (j < n)%nat -> diff (fun v => W v i j) u (fun v => W' v i j)) ->
  (forall j, (j < n)%nat -> forall s, (s < p)%nat -> diff (fun v => Y v j s) u (fun v => Y' v j s)) ->
  (forall i, (i < m)%nat -> diff (fun v => b v i) u (fun v => b' v i)) ->
  Grad [m; p] f (linear n (W u) (Y u) (b u)) dZ ->
  diff (fun v => f (linear n (W v) (Y v) (b v))) u
       (fun v => dot [m; n] (back_W p dZ (Y u)) (W' v) + dot [n; p] (back_Y m (W u) dZ) (Y' v)
                 + dot [m] (back_b p dZ) (b' v)).
Proof.
  intros HW HY Hb Hf.
  apply (diff_ext_lin _ _ (fun v => dot [m; p] dZ (fun i s =>
           sum n (fun j => W' v i j * Y u j s + W u i j * Y' v j s) + b' v i))).
  - intros v. apply linear_adjoint.
  - apply (Hf U u (fun v => linear n (W v) (Y v) (b v)) (fun v i s =>
             sum n (fun j => W' v i j * Y u j s + W u i j * Y' v j s) + b' v i)); [reflexivity|].
    intros [i [s []]] [Hi [Hs _]]. exact (linear_differential m n p u W Y W' Y' b b' HW HY Hb i Hi s Hs).
Qed.

Lemma dot_zero s (g : tensor s) : dot s g (tab s (fun _ => 0)) = 0.
Proof.
  unfold dot. transitivity (total s (fun _ => 0)); [|apply total_zero].
  apply total_ext. intros k _. rewrite at_tab. ring.
Qed.

(** dW = dZ Y^T *)
Theorem linear_dW m n p (W Y : matrix) (b : vector) (f : matrix -> R) (dZ : matrix) :
  Grad [m; p] f (linear n W Y b) dZ ->
  Grad [m; n] (fun W => f (linear n W Y b)) W (fun i j => sum p (fun s => dZ i s * Y j s)).
Proof.
  intros Hf U u X X' HX HD.
  apply (diff_ext_lin _ _ (fun v => dot [m; n] (back_W p dZ Y) (X' v) + dot [n; p] (back_Y m W dZ) (fun _ _ => 0)
                                    + dot [m] (back_b p dZ) (fun _ => 0))).
  - intros v. rewrite (dot_zero [n; p]), (dot_zero [m]), !Rplus_0_r. reflexivity.
  - rewrite <- HX in *.
    apply (linear_joint m n p u X (fun _ => Y) X' (fun _ _ _ => 0) (fun _ => b) (fun _ _ => 0)); [|intros..|exact Hf].
    + intros i Hi j Hj. exact (HD (i, (j, tt)) (conj Hi (conj Hj I))).
    + apply diff_const.
    + apply diff_const.
Qed.

(** dY = W^T dZ *)
Theorem linear_dY m n p (W Y : matrix) (b : vector) (f : matrix -> R) (dZ : matrix) :
  Grad [m; p] f (linear n W Y b) dZ ->
  Grad [n; p] (fun Y => f (linear n W Y b)) Y (fun j s => sum m (fun i => W i j * dZ i s)).
Proof.
  intros Hf U u X X' HX HD.
  apply (diff_ext_lin _ _ (fun v => dot [m; n] (back_W p dZ Y) (fun _ _ => 0) + dot [n; p] (back_Y m W dZ) (X' v)
                                    + dot [m] (back_b p dZ) (fun _ => 0))).
  - intros v. rewrite (dot_zero [m; n]), (dot_zero [m]), Rplus_0_r, Rplus_0_l. reflexivity.
  - rewrite <- HX in *.
    apply (linear_joint m n p u (fun _ => W) X (fun _ _ _ => 0) X' (fun _ => b) (fun _ _ => 0)); [| | |exact Hf].
    + intros. apply diff_const.
    + intros j Hj s Hs. exact (HD (j, (s, tt)) (conj Hj (conj Hs I))).
    + intros. apply diff_const.
Qed.

(** db = dZ 1 *)
Theorem linear_db m n p (W Y : matrix) (b : vector) (f : matrix -> R) (dZ : matrix) :
  Grad [m; p] f (linear n W Y b) dZ ->
  Grad [m] (fun b => f (linear n W Y b)) b (fun i => sum p (fun s => dZ i s)).
Proof.
  intros Hf U u X X' HX HD.
  apply (diff_ext_lin _ _ (fun v => dot [m; n] (back_W p dZ Y) (fun _ _ => 0)
                                    + dot [n; p] (back_Y m W dZ) (fun _ _ => 0) + dot [m] (back_b p dZ) (X' v))).
  - intros v. rewrite (dot_zero [m; n]), (dot_zero [n; p]), !Rplus_0_l. reflexivity.
  - rewrite <- HX in *.
    apply (linear_joint m n p u (fun _ => W) (fun _ => Y) (fun _ _ _ => 0) (fun _ _ _ => 0) X X'); [| | |exact Hf].
    + intros. apply diff_const.
    + intros. apply diff_const.
    + intros i Hi. exact (HD (i, tt) (conj Hi I)).
Qed.

(** One sample, p = 1: dW[i, j] = dz[i] y[j] and db = dz *)
Theorem linear_sample (dZ Y : matrix) i j :
  back_W 1 dZ Y i j = dZ i O * Y j O /\ back_b 1 dZ i = dZ i O.
Proof. unfold back_W, back_b. simpl. split; ring. Qed.

End Linear.

(** ** The Kronecker product *)

Section Kronecker.

Notation matrix := (nat -> nat -> R).

Definition product (n : nat) (A B : matrix) : matrix := fun i k => sum n (fun j => A i j * B j k).
Definition transpose (A : matrix) : matrix := fun i j => A j i.

(** Rows and columns are pairs of indices: entry ((i, k), (j, l)) of A (x) B is A[i, j] B[k, l]; entry (s, i) of vec X,
    the columns of X one below the other, is X[i, s] *)
Definition kron (A B : matrix) (r c : nat * nat) : R := A (fst r) (fst c) * B (snd r) (snd c).
Definition vec (X : matrix) (r : nat * nat) : R := X (snd r) (fst r).
Definition sum2 (m n : nat) (f : nat * nat -> R) : R := sum m (fun i => sum n (fun j => f (i, j))).

(** vec (A X B) = (B^T (x) A) vec X, for X of shape n x p *)
Theorem kron_vec n p (A X B : matrix) r :
  vec (product p (product n A X) B) r = sum2 p n (fun c => kron (transpose B) A r c * vec X c).
Proof.
  destruct r as [r i]. unfold vec, product, kron, transpose, sum2. simpl. apply sum_ext. intros k _.
  rewrite <- sum_factor_r. apply sum_ext. intros j _. ring.
Qed.

(** vec (W Y) = (Y^T (x) I) vec W, for W of shape m x n *)
Theorem kron_vec_left m n (W Y : matrix) r : (snd r < m)%nat ->
  vec (product n W Y) r = sum2 n m (fun c => kron (transpose Y) delta r c * vec W c).
Proof.
  destruct r as [s i]. unfold vec, product, kron, transpose, sum2. simpl. intros Hi. apply sum_ext. intros j _.
  rewrite (sum_ext m _ (fun k => delta i k * (W k j * Y j s))) by (intros k _; ring).
  now rewrite sum_delta_l.
Qed.

(** vec (W Y) = (I (x) W) vec Y, for Y of shape n x p *)
Theorem kron_vec_right n p (W Y : matrix) r : (fst r < p)%nat ->
  vec (product n W Y) r = sum2 p n (fun c => kron delta W r c * vec Y c).
Proof.
  destruct r as [s i]. unfold vec, product, kron, sum2. simpl. intros Hs.
  transitivity (sum p (fun t => delta s t * sum n (fun j => W i j * Y j t))).
  - now rewrite (sum_delta_l p s (fun t => sum n (fun j => W i j * Y j t))).
  - apply sum_ext. intros t _. rewrite <- sum_factor. apply sum_ext. intros j _. ring.
Qed.

(** (A (x) B)^T = A^T (x) B^T *)
Theorem kron_transpose (A B : matrix) r c : kron (transpose A) (transpose B) r c = kron A B c r.
Proof. reflexivity. Qed.

(** (A (x) B) (C (x) D) = A C (x) B D *)
Theorem kron_mixed n q (A B C D : matrix) r c :
  sum2 n q (fun k => kron A B r k * kron C D k c) = kron (product n A C) (product q B D) r c.
Proof.
  unfold kron, product, sum2. simpl. rewrite <- sum_factor_r. apply sum_ext. intros j _.
  rewrite <- sum_factor. apply sum_ext. intros k _. ring.
Qed.

(** Pairs (j, i) of p x n are the numbers i + j n below p n: the same in matrices with plain rows and columns *)
Lemma sum_pairs p n f : sum (p * n) f = sum p (fun j => sum n (fun i => f (i + j * n)%nat)).
Proof.
  assert (A : forall m k, sum (m + k) f = sum m f + sum k (fun i => f (i + m)%nat)).
  { intros m k. induction k as [|k IH]; simpl.
    - rewrite Nat.add_0_r. ring.
    - rewrite Nat.add_succ_r. simpl. rewrite IH, (Nat.add_comm k m). ring. }
  induction p as [|p IH]; simpl; [reflexivity|]. rewrite Nat.add_comm, A, IH. reflexivity.
Qed.

(** The pair of a place in a column of blocks of n *)
Definition pair_of (n r : nat) : nat * nat := ((r / n)%nat, (r mod n)%nat).

Lemma pair_of_place n i j : (i < n)%nat -> pair_of n (i + j * n) = (j, i).
Proof.
  intros Hi. unfold pair_of. rewrite Nat.div_add, Nat.mod_add by lia.
  now rewrite Nat.div_small, Nat.mod_small by exact Hi.
Qed.

(** vec (A X B) = (B^T (x) A) vec X with plain rows r and columns c: A is m x n, X is n x p *)
Theorem kron_vec_flat m n p (A X B : matrix) r :
  vec (product p (product n A X) B) (pair_of m r)
  = sum (p * n) (fun c => kron (transpose B) A (pair_of m r) (pair_of n c) * vec X (pair_of n c)).
Proof.
  rewrite kron_vec, sum_pairs. unfold sum2. apply sum_ext. intros j _. apply sum_ext. intros i Hi.
  now rewrite pair_of_place.
Qed.

End Kronecker.

(** ** The explicit Jacobians, and the gradients as their transposes at vec dZ *)

Section Jacobians.

Notation matrix := (nat -> nat -> R).

Lemma Grad_entry (s : list nat) (l : idx s -> R) (c : R) (X : tensor s) :
  Grad s (fun X => total s (fun k => l k * at_ s X k) + c) X (tab s l).
Proof.
  intros U u Y Y' HY HD. apply (diff_ext_lin _ _ (fun v => dot s (tab s l) (Y' v) + 0)); [intros; ring|].
  apply diff_plus; [|apply diff_const].
  apply (diff_ext_lin _ _ (fun v => total s (fun k => 0 * at_ s (Y u) k + l k * at_ s (Y' v) k))).
  - intros v. apply total_ext. intros k _. rewrite at_tab. ring.
  - apply (diff_total s (fun k v => l k * at_ s (Y v) k) (fun k v => 0 * at_ s (Y u) k + l k * at_ s (Y' v) k)).
    intros k Hk. apply (diff_mult (fun _ => l k) (fun v => at_ s (Y v) k)); [apply diff_const|now apply HD].
Qed.

(** d vec Z / d vec W = Y^T (x) I *)
Theorem linear_jacobian_W m n (W Y : matrix) b i s : (i < m)%nat ->
  Grad [m; n] (fun W => linear n W Y b i s) W (fun k j => kron (transpose Y) delta (s, i) (j, k)).
Proof.
  intros Hi. refine (D_function [m; n] _ _ _ _ _ (Grad_entry [m; n] (fun k =>
    kron (transpose Y) delta (s, i) (fst (snd k), fst k)) (b i) W)).
  intros V. unfold linear, kron, transpose. simpl. f_equal.
  rewrite sum_swap. apply sum_ext. intros j _.
  rewrite (sum_ext m _ (fun k => delta i k * (V k j * Y j s))) by (intros; ring). now apply sum_delta_l.
Qed.

(** d vec Z / d vec Y = I (x) W *)
Theorem linear_jacobian_Y n p (W Y : matrix) b i s : (s < p)%nat ->
  Grad [n; p] (fun Y => linear n W Y b i s) Y (fun j t => kron delta W (s, i) (t, j)).
Proof.
  intros Hs. refine (D_function [n; p] _ _ _ _ _ (Grad_entry [n; p] (fun k =>
    kron delta W (s, i) (fst (snd k), fst k)) (b i) Y)).
  intros V. unfold linear, kron. simpl. f_equal. apply sum_ext. intros j _.
  rewrite (sum_ext p _ (fun t => delta s t * (W i j * V j t))) by (intros; ring). now apply sum_delta_l.
Qed.

(** d vec Z / d b = 1 (x) I *)
Theorem linear_jacobian_b m n (W Y : matrix) b i s : (i < m)%nat ->
  Grad [m] (fun b => linear n W Y b i s) b (fun k => kron (fun _ _ => 1) delta (s, i) (O, k)).
Proof.
  intros Hi. refine (D_function [m] _ _ _ _ _ (Grad_entry [m] (fun k =>
    kron (fun _ _ => 1) delta (s, i) (O, fst k)) (sum n (fun j => W i j * Y j s)) b)).
  intros V. unfold linear, kron. simpl. rewrite Rplus_comm. f_equal.
  rewrite (sum_ext m _ (fun k => delta i k * V k)) by (intros; ring). now apply sum_delta_l.
Qed.

(** (Y^T (x) I)^T vec dZ = vec (dZ Y^T),  (I (x) W)^T vec dZ = vec (W^T dZ),  (1 (x) I)^T vec dZ = dZ 1 *)
Theorem kron_adjoint_W m p (dZ Y : matrix) c : (snd c < m)%nat ->
  sum2 p m (fun r => kron (transpose Y) delta r c * vec dZ r) = vec (back_W p dZ Y) c.
Proof.
  destruct c as [j k]. unfold sum2, kron, transpose, vec, back_W. simpl. intros Hk. apply sum_ext. intros s _.
  rewrite (sum_ext m _ (fun i => delta i k * (dZ i s * Y j s))) by (intros; ring). now apply sum_delta.
Qed.

Theorem kron_adjoint_Y m p (dZ W : matrix) c : (fst c < p)%nat ->
  sum2 p m (fun r => kron delta W r c * vec dZ r) = vec (back_Y m W dZ) c.
Proof.
  destruct c as [t j]. unfold sum2, kron, vec, back_Y. simpl. intros Ht.
  rewrite (sum_ext p _ (fun s => delta s t * sum m (fun i => W i j * dZ i s))).
  - now rewrite (sum_delta p t (fun s => sum m (fun i => W i j * dZ i s))).
  - intros s _. rewrite <- sum_factor. apply sum_ext. intros; ring.
Qed.

Theorem kron_adjoint_b m p (dZ : matrix) k : (k < m)%nat ->
  sum2 p m (fun r => kron (fun _ _ => 1) delta r (O, k) * vec dZ r) = back_b p dZ k.
Proof.
  unfold sum2, kron, vec, back_b. simpl. intros Hk. apply sum_ext. intros s _.
  rewrite (sum_ext m _ (fun i => delta i k * dZ i s)) by (intros; ring).
  exact (sum_delta m k (fun i => dZ i s) Hk).
Qed.

(** vec (W Y) = (Y^T (x) I) vec W with plain rows and columns *)
Theorem kron_vec_left_flat m n (W Y : matrix) r : (0 < m)%nat ->
  vec (product n W Y) (pair_of m r)
  = sum (n * m) (fun c => kron (transpose Y) delta (pair_of m r) (pair_of m c) * vec W (pair_of m c)).
Proof.
  intros Hm. rewrite (kron_vec_left m) by (apply Nat.mod_upper_bound; lia). rewrite sum_pairs.
  apply sum_ext. intros j _. apply sum_ext. intros i Hi. now rewrite pair_of_place.
Qed.

End Jacobians.

(** Every theorem of this file, and the axioms that they rest on *)
Definition linear_theorems :=
  (@linear_differential, @linear_adjoint, @linear_joint, @linear_dW, @linear_dY, @linear_db, @linear_sample,
   @kron_vec, @kron_vec_left, @kron_vec_right, @kron_transpose, @kron_mixed, @kron_vec_flat, @linear_jacobian_W,
   @linear_jacobian_Y, @linear_jacobian_b, @kron_adjoint_W, @kron_adjoint_Y, @kron_adjoint_b, @kron_vec_left_flat).
Print Assumptions linear_theorems.

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
    apply (linear_joint m n p u (fun _ => W) X (fun _ _ _ => 0) X' (fun _ => b) (fun _ _ => 0)); [intros..|exact Hf].
    + apply diff_const.
    + exact (HD (j, (s, tt)) (conj H (conj H0 I))).
    + apply diff_const.
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
    apply (linear_joint m n p u (fun _ => W) (fun _ => Y) (fun _ _ _ => 0) (fun _ _ _ => 0) X X'); [intros..|exact Hf].
    + apply diff_const.
    + apply diff_const.
    + exact (HD (i, tt) (conj H I)).
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

(** vec (A X B) = (B^T (x) A) vec X with plain rows r and columns c: A is m x n, X is n x p *)
Theorem kron_vec_flat m n p (A X B : matrix) r :
  vec (product p (product n A X) B) (pair_of m r)
  = sum (p * n) (fun c => kron (transpose B) A (pair_of m r) (pair_of n c) * vec X (pair_of n c)).
Proof.
  rewrite kron_vec, sum_pairs. unfold sum2. apply sum_ext. intros j _. apply sum_ext. intros i Hi.
  assert (E : pair_of n (i + j * n) = (j, i)).
  { unfold pair_of. rewrite Nat.div_add, Nat.mod_add by lia.
    rewrite Nat.div_small, Nat.mod_small by exact Hi. reflexivity. }
  now rewrite E.
Qed.

End Kronecker.

Print Assumptions linear_differential.
Print Assumptions linear_adjoint.
Print Assumptions linear_joint.
Print Assumptions linear_dW.
Print Assumptions linear_dY.
Print Assumptions linear_db.
Print Assumptions linear_sample.
Print Assumptions kron_vec.
Print Assumptions kron_vec_left.
Print Assumptions kron_vec_right.
Print Assumptions kron_transpose.
Print Assumptions kron_mixed.
Print Assumptions kron_vec_flat.

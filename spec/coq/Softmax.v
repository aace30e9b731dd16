(** * Softmax and cross-entropy (claims softmax.dZ, cross_entropy.dS, softmax_cross_entropy.dZ)

    First for one sample, a vector z of n numbers; then for a batch, whose loss is the sum or the mean over its p
    columns. *)

From Backproof Require Import Prelude.

Section OneSample.

Notation vector := (nat -> R).

(** s[i] = exp z[i] / sum_k exp z[k] *)
Definition softmax (n : nat) (z : vector) : vector := fun i => exp (z i) * / sum n (fun k => exp (z k)).

(** - sum_i P[i] log s[i] *)
Definition cross_entropy (n : nat) (P s : vector) : R := - sum n (fun i => P i * ln (s i)).

Lemma sum_exp_pos n (z : vector) i : (i < n)%nat -> 0 < sum n (fun k => exp (z k)).
Proof. intros H. apply pos_sum; [intros k _; apply exp_pos|apply lt_0_INR; lia]. Qed.

(** s > 0 *)
Theorem softmax_pos n z i : (i < n)%nat -> 0 < softmax n z i.
Proof. intros H. apply pos_mul; [apply exp_pos|]. apply pos_inv. exact (sum_exp_pos n z i H). Qed.

(** sum s = 1, for n > 0 classes *)
Theorem softmax_sum n z : (0 < n)%nat -> sum n (softmax n z) = 1.
Proof.
  intros H. unfold softmax. rewrite (sum_factor_r n _ (fun i => exp (z i))). apply cancel.
  apply nonzero_weaken. exact (sum_exp_pos n z 0 H).
Qed.

(** The Jacobian of softmax: ds[i]/dz[j] = s[i] delta[i, j] - s[i] s[j], which is diag(s) - s s^T *)
Theorem softmax_jacobian n z i : (i < n)%nat ->
  Grad [n] (fun z => softmax n z i) z (fun j => softmax n z i * delta i j - softmax n z i * softmax n z j).
Proof.
  intros Hi. pose proof (sum_exp_pos n z i Hi) as P.
  pose (T := fun z : vector => sum n (fun k => exp (z k))).
  assert (Dz : forall k, (k < n)%nat -> Grad [n] (fun z => exp (z k)) z (fun j => exp (z k) * delta k j)).
  { intros k Hk. exact (D_exp [n] (fun z => z k) z (fun j => delta k j) (D_var [n] (k, tt) z (conj Hk I))). }
  assert (DT : Grad [n] T z (fun j => sum n (fun k => exp (z k) * delta k j)))
    by exact (D_sum [n] n (fun k z => exp (z k)) z (fun k j => exp (z k) * delta k j) Dz).
  pose proof (D_inv [n] T z _ DT (nonzero_weaken _ P)) as DI.
  pose proof (D_mult [n] (fun z => exp (z i)) (fun z => / T z) z _ _ (Dz i Hi) DI) as D.
  refine (D_value [n] _ z _ _ _ D). intros j Hj. simpl. unfold softmax, T.
  rewrite (sum_ext n (fun k => exp (z k) * delta k j) (fun k => delta k j * exp (z k))) by (intros k _; ring).
  rewrite sum_delta by exact Hj. ring.
Qed.

(** Backwards: dz[j] = s[j] (ds[j] - sum_i s[i] ds[i]) for every function f of s with gradient ds *)
Theorem softmax_dz n z (f : vector -> R) (ds : vector) : Grad [n] f (softmax n z) ds ->
  Grad [n] (fun z => f (softmax n z)) z
    (fun j => softmax n z j * (ds j - sum n (fun i => softmax n z i * ds i))).
Proof.
  intros Hf.
  refine (D_value [n] _ z _ _ _ (D_comp [n] [n] f (softmax n) z ds
    (fun i j => softmax n z i * delta i j - softmax n z i * softmax n z j) Hf (softmax_jacobian n z))).
  intros j Hj. simpl.
  rewrite (sum_ext n _ (fun i => delta i j * (ds i * softmax n z i) + - softmax n z j * (softmax n z i * ds i)))
    by (intros i _; ring).
  rewrite sum_add, sum_factor, sum_delta by exact Hj. ring.
Qed.

(** ds = -P/s where s > 0; where P = 0 this is 0 whatever s is, as P/s = 0 * 1/s *)
Theorem cross_entropy_ds n (P s : vector) : (forall i, (i < n)%nat -> P i = 0 \/ 0 < s i) ->
  Grad [n] (cross_entropy n P) s (fun i => - (P i / s i)).
Proof.
  intros H U u Y Y' HY HD.
  apply (diff_ext (fun v => sum n (fun i => - P i * ln (Y v i)))).
  - intros v. unfold cross_entropy. rewrite <- (Rmult_1_l (sum n (fun i => P i * ln (Y v i)))).
    rewrite Ropp_mult_distr_l, <- sum_factor. apply sum_ext. intros i _. ring.
  - apply (diff_sum n (fun i v => - P i * ln (Y v i)) (fun i v => - (P i / s i) * Y' v i)).
    intros i Hi. destruct (H i Hi) as [E|Hs].
    + rewrite E. apply (diff_ext (fun _ => 0)); [intros v; ring|].
      apply (diff_ext_lin _ _ (fun _ => 0)); [intros v; unfold Rdiv; ring|apply diff_const].
    + apply (diff_ext_lin _ _ (fun v => 0 * ln (Y u i) + - P i * (/ s i * Y' v i))); [intros v; unfold Rdiv; ring|].
      apply (diff_mult (fun _ => - P i) (fun v => ln (Y v i))); [apply diff_const|].
      apply (diff_unary ln (/ s i) (fun v => Y v i)).
      * rewrite HY. now apply is_derive_log.
      * exact (HD (i, tt) (conj Hi I)).
Qed.

(** Fused, whatever P is: dz = s (sum P) - P *)
Theorem softmax_cross_entropy_dz n (P z : vector) :
  Grad [n] (fun z => cross_entropy n P (softmax n z)) z (fun j => softmax n z j * sum n P - P j).
Proof.
  refine (D_value [n] _ z _ _ _ (softmax_dz n z _ _ (cross_entropy_ds n P (softmax n z) _))).
  2: { intros i Hi. right. now apply softmax_pos. }
  intros j Hj. simpl.
  rewrite (sum_ext n (fun i => softmax n z i * - (P i / softmax n z i)) (fun i => -1 * P i)).
  - rewrite sum_factor. field. apply nonzero_weaken. now apply softmax_pos.
  - intros i Hi. field. apply nonzero_weaken. now apply softmax_pos.
Qed.

(** dz = s - P where P sums to 1 *)
Theorem softmax_cross_entropy_dz_normalised n (P z : vector) : sum n P = 1 ->
  Grad [n] (fun z => cross_entropy n P (softmax n z)) z (fun j => softmax n z j - P j).
Proof.
  intros H. refine (D_value [n] _ z _ _ _ (softmax_cross_entropy_dz n P z)).
  intros j _. simpl. rewrite H. ring.
Qed.

End OneSample.

(** ** A batch *)

Section Batch.

Notation matrix := (nat -> nat -> R).
Notation vector := (nat -> R).

Definition column (X : matrix) (s : nat) : vector := fun i => X i s.

(** A loss for each sample; over the batch, their sum or their mean *)
Definition sum_loss (p : nat) (loss : nat -> vector -> R) (Z : matrix) : R := sum p (fun s => loss s (column Z s)).
Definition mean_loss (p : nat) (loss : nat -> vector -> R) (Z : matrix) : R := / INR p * sum_loss p loss Z.

(** The sum over samples: the gradient has those of the samples for columns; samples do not mix *)
Theorem sum_loss_dZ n p (loss : nat -> vector -> R) (Z : matrix) (g : nat -> vector) :
  (forall s, (s < p)%nat -> Grad [n] (loss s) (column Z s) (g s)) ->
  Grad [n; p] (sum_loss p loss) Z (fun i s => g s i).
Proof.
  intros H U u Y Y' HY HD.
  apply (diff_ext_lin _ _ (fun v => sum p (fun s => dot [n] (g s) (column (Y' v) s)))).
  - intros v. apply (sum_swap p n (fun s i => g s i * Y' v i s)).
  - apply (diff_sum p (fun s v => loss s (column (Y v) s)) (fun s v => dot [n] (g s) (column (Y' v) s))).
    intros s Hs. apply (H s Hs U u (fun v => column (Y v) s) (fun v => column (Y' v) s)); [now rewrite HY|].
    intros [i []] [Hi _]. exact (HD (i, (s, tt)) (conj Hi (conj Hs I))).
Qed.

(** Any function times a constant *)
Lemma D_scale (t : list nat) (c : R) (e : tensor t -> R) (X g : tensor t) : Grad t e X g ->
  Grad t (fun X => c * e X) X (tab t (fun k => c * at_ t g k)).
Proof.
  intros H. refine (D_value t _ X _ _ _ (D_mult t (fun _ => c) e X _ _ (D_cst t c X) H)).
  apply all_iff. intros k _. rewrite !at_tab. ring.
Qed.

(** The mean over samples: 1/p times as much *)
Theorem mean_loss_dZ n p (loss : nat -> vector -> R) (Z : matrix) (g : nat -> vector) :
  (forall s, (s < p)%nat -> Grad [n] (loss s) (column Z s) (g s)) ->
  Grad [n; p] (mean_loss p loss) Z (fun i s => / INR p * g s i).
Proof. intros H. exact (D_scale [n; p] (/ INR p) _ Z (fun i s => g s i) (sum_loss_dZ n p loss Z g H)). Qed.

(** Softmax of each column, followed by any function f of S with gradient dS:
    dZ[j, r] = S[j, r] (dS[j, r] - sum_i S[i, r] dS[i, r]) *)
Definition softmax_columns (n : nat) (Z : matrix) : matrix := fun i s => softmax n (column Z s) i.

Theorem softmax_dZ n p (Z : matrix) (f : matrix -> R) (dS : matrix) :
  Grad [n; p] f (softmax_columns n Z) dS ->
  Grad [n; p] (fun Z => f (softmax_columns n Z)) Z
    (fun j r => softmax_columns n Z j r
                * (dS j r - sum n (fun i => softmax_columns n Z i r * dS i r))).
Proof.
  intros Hf U u Y Y' HY HD.
  pose (S' := fun (v : U) i s => sum n (fun j =>
    (softmax n (column Z s) i * delta i j - softmax n (column Z s) i * softmax n (column Z s) j) * Y' v j s)).
  apply (diff_ext_lin _ _ (fun v => dot [n; p] dS (S' v))).
  - intros v. unfold dot, S'. simpl. rewrite sum_swap. rewrite (sum_swap n p). apply sum_ext. intros s _.
    rewrite (sum_ext n _ (fun i => sum n (fun j => dS i s *
      ((softmax n (column Z s) i * delta i j - softmax n (column Z s) i * softmax n (column Z s) j) * Y' v j s))))
      by (intros i _; symmetry; apply sum_factor).
    rewrite sum_swap. apply sum_ext. intros j Hj. unfold softmax_columns.
    rewrite (sum_ext n _ (fun i => delta i j * (dS i s * softmax n (column Z s) i * Y' v j s)
      + - (softmax n (column Z s) j * Y' v j s) * (softmax n (column Z s) i * dS i s))) by (intros i _; ring).
    rewrite sum_add, sum_factor, sum_delta by exact Hj. ring.
  - apply (Hf U u (fun v => softmax_columns n (Y v)) S'); [now rewrite HY|].
    intros [i [s []]] [Hi [Hs _]]. simpl in Hi, Hs.
    apply (softmax_jacobian n (column Z s) i Hi U u (fun v => column (Y v) s) (fun v => column (Y' v) s)).
    + now rewrite HY.
    + intros [j []] [Hj _]. exact (HD (j, (s, tt)) (conj Hj (conj Hs I))).
Qed.

(** The loss of the notes, - sum P log S, over a batch: dS = -P/S where S > 0, and 0 where P = 0 *)
Theorem cross_entropy_dS n p (P S : matrix) :
  (forall i, (i < n)%nat -> forall s, (s < p)%nat -> P i s = 0 \/ 0 < S i s) ->
  Grad [n; p] (sum_loss p (fun s => cross_entropy n (column P s))) S (fun i s => - (P i s / S i s)).
Proof.
  intros H. apply (sum_loss_dZ n p _ S (fun s i => - (P i s / S i s))).
  intros s Hs. apply (cross_entropy_ds n (column P s) (column S s)). intros i Hi. now apply H.
Qed.

(** Fused: - sum P log softmax(Z), a column of Z being a sample *)
Definition softmax_cross_entropy (n p : nat) (P : matrix) : matrix -> R :=
  sum_loss p (fun s z => cross_entropy n (column P s) (softmax n z)).

Theorem softmax_cross_entropy_formula n p P Z : softmax_cross_entropy n p P Z
  = - sum p (fun s => sum n (fun i => P i s * ln (exp (Z i s) / sum n (fun k => exp (Z k s))))).
Proof.
  unfold softmax_cross_entropy, sum_loss, cross_entropy. rewrite <- (Rmult_1_l (sum p (fun s => sum n _))).
  rewrite Ropp_mult_distr_l, <- sum_factor. apply sum_ext. intros s _. unfold column, softmax, Rdiv. ring.
Qed.

(** Whatever P is: dZ = S (sum P) - P *)
Theorem softmax_cross_entropy_dZ n p (P Z : matrix) :
  Grad [n; p] (softmax_cross_entropy n p P) Z
    (fun j r => softmax_columns n Z j r * sum n (fun i => P i r) - P j r).
Proof.
  apply (sum_loss_dZ n p _ Z (fun s j => softmax_columns n Z j s * sum n (fun i => P i s) - P j s)).
  intros s _. apply (softmax_cross_entropy_dz n (column P s)).
Qed.

(** dZ = S - P where every column of P sums to 1 *)
Theorem softmax_cross_entropy_dZ_normalised n p (P Z : matrix) :
  (forall s, (s < p)%nat -> sum n (fun i => P i s) = 1) ->
  Grad [n; p] (softmax_cross_entropy n p P) Z (fun j r => softmax_columns n Z j r - P j r).
Proof.
  intros H. apply (sum_loss_dZ n p _ Z (fun s j => softmax_columns n Z j s - P j s)).
  intros s Hs. apply (softmax_cross_entropy_dz_normalised n (column P s)). now apply H.
Qed.

(** The mean over p samples: dZ = (S (sum P) - P)/p whatever P is *)
Definition mean_softmax_cross_entropy (n p : nat) (P : matrix) : matrix -> R :=
  mean_loss p (fun s z => cross_entropy n (column P s) (softmax n z)).

Theorem mean_softmax_cross_entropy_dZ n p (P Z : matrix) :
  Grad [n; p] (mean_softmax_cross_entropy n p P) Z
    (fun j r => / INR p * (softmax_columns n Z j r * sum n (fun i => P i r) - P j r)).
Proof.
  apply (mean_loss_dZ n p _ Z (fun s j => softmax_columns n Z j s * sum n (fun i => P i s) - P j s)).
  intros s _. apply (softmax_cross_entropy_dz n (column P s)).
Qed.

(** dZ = (S - P)/p where every column of P sums to 1 *)
Theorem mean_softmax_cross_entropy_dZ_normalised n p (P Z : matrix) :
  (forall s, (s < p)%nat -> sum n (fun i => P i s) = 1) ->
  Grad [n; p] (mean_softmax_cross_entropy n p P) Z (fun j r => / INR p * (softmax_columns n Z j r - P j r)).
Proof.
  intros H. apply (mean_loss_dZ n p _ Z (fun s j => softmax_columns n Z j s - P j s)).
  intros s Hs. apply (softmax_cross_entropy_dz_normalised n (column P s)). now apply H.
Qed.

End Batch.

(** Every theorem of this file, and the axioms that they rest on *)
Definition softmax_theorems :=
  (@softmax_pos, @softmax_sum, @softmax_jacobian, @softmax_dz, @cross_entropy_ds, @softmax_cross_entropy_dz,
   @softmax_cross_entropy_dz_normalised, @sum_loss_dZ, @mean_loss_dZ, @softmax_dZ, @cross_entropy_dS,
   @softmax_cross_entropy_formula, @softmax_cross_entropy_dZ, @softmax_cross_entropy_dZ_normalised,
   @mean_softmax_cross_entropy_dZ, @mean_softmax_cross_entropy_dZ_normalised).
Print Assumptions softmax_theorems.

(** * ReLU (claim relu.dZ): max(z, 0) = z 1[z >= 0], its derivative off the kink, and what there is at the kink *)

From Backproof Require Import Prelude.

Definition relu (z : R) : R := Rmax z 0.

(** max(z, 0) = z 1[z >= 0] *)
Theorem relu_ind z : relu z = z * ind z.
Proof. unfold relu, ind, Rmax. destruct (Rle_dec z 0), (Rle_dec 0 z); lra. Qed.

(** relu'(z) = 1[z >= 0] where z <> 0 *)
Theorem relu_derive z : z <> 0 -> is_derive relu z (ind z).
Proof.
  intros H. apply (is_derive_ext (fun z => z * ind z)); [intros t; symmetry; apply relu_ind|].
  evar_last; [apply (is_derive_mult (fun z => z) ind z 1 0)|].
  - exact (@is_derive_id R_AbsRing z).
  - now apply is_derive_ind.
  - exact Rmult_comm.
  - unfold plus, mult. simpl. ring.
Qed.

(** relu has no derivative at 0 *)
Theorem relu_kink : ~ ex_derive relu 0.
Proof.
  intros [d Hd]. apply is_derive_Reals in Hd.
  destruct (Hd (1 / 2)) as [r Hr]; [lra|]. pose proof (cond_pos r) as R0.
  assert (P : Rabs ((relu (0 + r / 2) - relu 0) / (r / 2) - d) < 1 / 2)
    by (apply Hr; [lra|rewrite Rabs_pos_eq; lra]).
  assert (N : Rabs ((relu (0 + - (r / 2)) - relu 0) / - (r / 2) - d) < 1 / 2)
    by (apply Hr; [lra|rewrite Rabs_left; lra]).
  rewrite !Rplus_0_l in *. unfold relu in *.
  rewrite (Rmax_left (r / 2)), (Rmax_left 0 0) in P by lra.
  rewrite (Rmax_right (- (r / 2))), (Rmax_left 0 0) in N by lra.
  replace ((r / 2 - 0) / (r / 2)) with 1 in P by (field; lra).
  replace ((0 - 0) / - (r / 2)) with 0 in N by (field; lra).
  apply Rabs_def2 in P, N. lra.
Qed.

(** g is a subgradient of f at z: the line through (z, f(z)) of slope g lies nowhere above f *)
Definition subgradient (f : R -> R) (z g : R) : Prop := forall x, f z + g * (x - z) <= f x.

(** The subgradients of relu at 0 are exactly the numbers from 0 to 1 *)
Theorem relu_subdifferential g : subgradient relu 0 g <-> 0 <= g <= 1.
Proof.
  unfold subgradient, relu. rewrite (Rmax_left 0 0) by lra. split.
  - intros H. pose proof (H 1) as P. pose proof (H (-1)) as N.
    rewrite Rmax_left in P by lra. rewrite Rmax_right in N by lra. lra.
  - intros [H0 H1] x. unfold Rmax. destruct (Rle_dec x 0).
    + assert (0 <= g * - x) by (apply Rmult_le_pos; lra). lra.
    + assert (0 <= (1 - g) * x) by (apply Rmult_le_pos; lra). lra.
Qed.

(** The convention 1[z >= 0], which takes 1 at 0, is a subgradient everywhere *)
Theorem relu_convention z : subgradient relu z (ind z).
Proof.
  intros x. unfold relu, ind, Rmax. destruct (Rle_dec z 0), (Rle_dec x 0), (Rle_dec 0 z); lra.
Qed.

(** The value that the convention takes at the kink *)
Theorem relu_convention_at_zero : ind 0 = 1.
Proof. apply ind_nonneg. apply Rle_refl. Qed.

(** Away from 0 it is the only one *)
Theorem relu_subgradient_unique z g : z <> 0 -> subgradient relu z g -> g = ind z.
Proof.
  intros Hz H. unfold subgradient, relu in H. destruct (Rlt_dec 0 z) as [P|N].
  - rewrite ind_pos by exact P. pose proof (H (2 * z)) as A. pose proof (H (z / 2)) as B.
    rewrite !Rmax_left in A, B by lra. apply (Rmult_eq_reg_r z); lra.
  - rewrite ind_neg by lra. pose proof (H (2 * z)) as A. pose proof (H (z / 2)) as B.
    rewrite !Rmax_right in A, B by lra. apply (Rmult_eq_reg_r z); lra.
Qed.

(** A layer: dZ = dY o 1[Z >= 0] where no entry of Z is 0, for every function f of Y = relu(Z) *)
Theorem relu_dZ n p (Z : nat -> nat -> R) (f : (nat -> nat -> R) -> R) (dY : nat -> nat -> R) :
  (forall i, (i < n)%nat -> forall s, (s < p)%nat -> Z i s <> 0) ->
  Grad [n; p] f (fun i s => relu (Z i s)) dY ->
  Grad [n; p] (fun Z => f (fun i s => relu (Z i s))) Z (fun i s => dY i s * ind (Z i s)).
Proof.
  intros H Hf U u X X' HX HD.
  apply (diff_ext_lin _ _ (fun v => dot [n; p] dY (fun i s => ind (Z i s) * X' v i s))).
  - intros v. apply total_ext. intros [i [s []]] _. simpl. ring.
  - apply (Hf U u (fun v i s => relu (X v i s)) (fun v i s => ind (Z i s) * X' v i s)); [now rewrite HX|].
    intros [i [s []]] [Hi [Hs _]]. simpl in Hi, Hs.
    apply (diff_unary relu (ind (Z i s)) (fun v => X v i s)).
    + rewrite HX. apply relu_derive. now apply H.
    + exact (HD (i, (s, tt)) (conj Hi (conj Hs I))).
Qed.

(** Every theorem of this file, and the axioms that they rest on *)
Definition relu_theorems :=
  (@relu_ind, @relu_derive, @relu_kink, @relu_subdifferential, @relu_convention, @relu_convention_at_zero,
   @relu_subgradient_unique, @relu_dZ).
Print Assumptions relu_theorems.

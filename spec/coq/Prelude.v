(** * Backproof: the prelude

    Finite sums, the order, functions of one number (exp, log, 1/x, the indicator 1[x >= 0], sqrt, tanh, sigmoid,
    softplus, erf, sin, cos), and differentiation by tensors: one lemma for each rule of the proof kernel (spec/backproof_spec/calculus/kernel.py), so that a proof file can be turned into Coq
    proof terms step by step. No axiom is added.

    How the judgements of the kernel are written here, for dimensions n, p : nat and indices i < n, s < p:

      a = b                  a = b
      a > 0, a >= 0, a <> 0  0 < a, 0 <= a, a <> 0
      the number p/q         IZR p / IZR q, or IZR p
      the dimension n        INR n
      the tensor entry       X i s, for X : nat -> nat -> R; what is outside of the dimensions is never looked at
      sum over i, delta      sum n (fun i => a), delta i k
      maximum over i         maximum n (fun i => a)
      1/a, exp, log          / a, exp a, ln a
      1[a >= 0]              ind a
      the other functions    sqrt a, tanh a, sigmoid a, softplus a, erf a, sin a, cos a;  pi is PI
      for every index i      forall i, (i < n)%nat -> ...
      de/dX[k, r] = d        Grad (n :: p :: nil) (fun X => e) X (fun k r => d)       see "differentiation" below
      f, slope of f          f X i, f' X i k under the hypothesis  forall i, (i < m)%nat -> Smooth (n :: nil) ... *)

From Coq Require Export Reals List Lia Lra ZArith FunctionalExtensionality.
From Coquelicot Require Export Coquelicot.
Export ListNotations.
Open Scope R_scope.

(** ** Finite sums *)

Section Sums.

(** sum n f = f 0 + ... + f (n - 1); 0 where n = 0 *)
Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S m => sum m f + f m
  end.

(** delta i j = 1 where i = j, else 0 *)
Definition delta (i j : nat) : R := if Nat.eq_dec i j then 1 else 0.

(** f i = g i for all i < n  |-  sum f = sum g: the kernel's cong_sum *)
Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n as [|n IH]; simpl; intros H; [reflexivity|].
  rewrite H by lia. rewrite IH; [reflexivity|]. intros i Hi. apply H. lia.
Qed.

(** sum of 0 is 0 *)
Lemma sum_zero n : sum n (fun _ => 0) = 0.
Proof. induction n as [|n IH]; simpl; [reflexivity|]. rewrite IH. ring. Qed.

(** sum (f + g) = sum f + sum g *)
Lemma sum_add n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

(** sum (c f) = c (sum f) *)
Lemma sum_factor n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

(** sum (f c) = (sum f) c *)
Lemma sum_factor_r n c f : sum n (fun i => f i * c) = sum n f * c.
Proof. induction n as [|n IH]; simpl; [ring|]. rewrite IH. ring. Qed.

(** sum of c over n indices = n c *)
Lemma sum_constant n c : sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; ring|]. rewrite S_INR. simpl sum. rewrite IH. ring. Qed.

(** sum_i sum_j f i j = sum_j sum_i f i j *)
Lemma sum_swap n m (f : nat -> nat -> R) :
  sum n (fun i => sum m (fun j => f i j)) = sum m (fun j => sum n (fun i => f i j)).
Proof.
  induction n as [|n IH]; simpl.
  - now rewrite sum_zero.
  - rewrite IH. symmetry. apply sum_add.
Qed.

(** delta i i = 1 *)
Lemma delta_same i : delta i i = 1.
Proof. unfold delta. destruct (Nat.eq_dec i i); [reflexivity|congruence]. Qed.

(** delta i j = 0 where i <> j *)
Lemma delta_other i j : i <> j -> delta i j = 0.
Proof. unfold delta. intros H. destruct (Nat.eq_dec i j); [congruence|reflexivity]. Qed.

(** delta i j = delta j i *)
Lemma delta_sym i j : delta i j = delta j i.
Proof. unfold delta. destruct (Nat.eq_dec i j), (Nat.eq_dec j i); congruence. Qed.

(** sum_i delta i j * f i = f j where j is in range *)
Lemma sum_delta n j f : (j < n)%nat -> sum n (fun i => delta i j * f i) = f j.
Proof.
  intros H. induction n as [|n IH]; [lia|]. simpl. destruct (Nat.eq_dec j n) as [->|E].
  - rewrite delta_same. rewrite (sum_ext n _ (fun _ => 0)).
    + rewrite sum_zero. ring.
    + intros i Hi. rewrite delta_other by lia. ring.
  - rewrite IH by lia. rewrite (delta_other n j) by lia. ring.
Qed.

(** sum_i delta j i * f i = f j where j is in range *)
Lemma sum_delta_l n j f : (j < n)%nat -> sum n (fun i => delta j i * f i) = f j.
Proof. intros H. rewrite <- (sum_delta n j f H). apply sum_ext. intros i _. now rewrite delta_sym. Qed.

(** f i >= 0 for all i < n  |-  sum f >= 0 *)
Lemma nonneg_sum n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof.
  induction n as [|n IH]; intros H; simpl; [lra|].
  apply Rplus_le_le_0_compat; [apply IH|apply H; lia]. intros i Hi. apply H. lia.
Qed.

(** f i > 0 for all i < n, and n > 0  |-  sum f > 0 *)
Lemma pos_sum n f : (forall i, (i < n)%nat -> 0 < f i) -> 0 < INR n -> 0 < sum n f.
Proof.
  destruct n as [|n]; simpl sum; intros H Hn; [simpl in Hn; lra|].
  apply Rplus_le_lt_0_compat; [apply nonneg_sum; intros i Hi; apply Rlt_le|]; apply H; lia.
Qed.

(** f i >= 0 and g i > 0 for all i < n, and sum f > 0  |-  sum (f * g) > 0 *)
Lemma pos_weighted n f g :
  (forall i, (i < n)%nat -> 0 <= f i) -> (forall i, (i < n)%nat -> 0 < g i) -> 0 < sum n f ->
  0 < sum n (fun i => f i * g i).
Proof.
  induction n as [|n IH]; simpl; intros F G S; [exact S|].
  assert (N : 0 <= sum n (fun i => f i * g i)).
  { apply nonneg_sum. intros i Hi. apply Rmult_le_pos; [apply F; lia|apply Rlt_le, G; lia]. }
  destruct (F n) as [P|Z]; [lia| |].
  - apply Rplus_le_lt_0_compat; [exact N|]. apply Rmult_lt_0_compat; [exact P|apply G; lia].
  - rewrite <- Z, Rmult_0_l, Rplus_0_r. apply IH; [intros i Hi; apply F; lia|intros i Hi; apply G; lia|lra].
Qed.

(** A dimension that is positive as a number has an index *)
Lemma dim_pos n : 0 < INR n -> (0 < n)%nat.
Proof. intros H. apply INR_lt. exact H. Qed.

(** maximum n f = the largest of f 0, ..., f (n - 1); 0 where n = 0, of which no rule says anything *)
Fixpoint maximum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S m => match m with O => f O | S _ => Rmax (maximum m f) (f m) end
  end.

(** f i = g i for all i < n  |-  max f = max g: the kernel's cong_max *)
Lemma max_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> maximum n f = maximum n g.
Proof.
  induction n as [|[|n] IH]; intros H; [reflexivity|simpl; apply H; lia|].
  change (Rmax (maximum (S n) f) (f (S n)) = Rmax (maximum (S n) g) (g (S n))).
  rewrite IH, H; [reflexivity|lia|]. intros i Hi. apply H. lia.
Qed.

(** The largest is f j where no other is larger *)
Lemma max_at n j f : (j < n)%nat -> (forall i, (i < n)%nat -> f i <= f j) -> maximum n f = f j.
Proof.
  assert (B : forall m c, (0 < m)%nat -> (forall i, (i < m)%nat -> f i <= c) -> maximum m f <= c).
  { induction m as [|[|m] IH]; intros c Hm H; [lia|simpl; apply H; lia|].
    change (Rmax (maximum (S m) f) (f (S m)) <= c). apply Rmax_lub; [apply IH; [lia|]|apply H; lia].
    intros i Hi. apply H. lia. }
  assert (A : forall m i, (i < m)%nat -> f i <= maximum m f).
  { induction m as [|[|m] IH]; intros i Hi; [lia|replace i with O by lia; apply Rle_refl|].
    change (f i <= Rmax (maximum (S m) f) (f (S m))). destruct (Nat.eq_dec i (S m)) as [->|E]; [apply Rmax_r|].
    apply Rle_trans with (maximum (S m) f); [apply IH; lia|apply Rmax_l]. }
  intros Hj H. apply Rle_antisym; [apply B; [lia|exact H]|now apply A].
Qed.

(** Weights that are 0 or 1, and sum to 1, are those of one index *)
Lemma one_weight n w : (forall i, (i < n)%nat -> w i * w i = w i) -> sum n w = 1 ->
  exists j, (j < n)%nat /\ forall i, (i < n)%nat -> w i = delta i j.
Proof.
  induction n as [|n IH]; simpl; intros H T; [lra|].
  assert (W : forall i, (i < S n)%nat -> w i = 0 \/ w i = 1).
  { intros i Hi. specialize (H i Hi). destruct (Rmult_integral (w i) (w i - 1)) as [E|E]; [lra|left; exact E|right; lra]. }
  destruct (W n) as [E|E]; [lia| |].
  - destruct IH as [j [Hj D]]; [intros i Hi; apply H; lia|lra|]. exists j. split; [lia|].
    intros i Hi. destruct (Nat.eq_dec i n) as [->|N]; [rewrite delta_other by lia; exact E|apply D; lia].
  - exists n. split; [lia|]. intros i Hi. destruct (Nat.eq_dec i n) as [->|N]; [now rewrite delta_same|].
    rewrite delta_other by exact N. destruct (W i Hi) as [Z|Z]; [exact Z|exfalso].
    assert (P : forall m, (m <= n)%nat -> 0 <= sum m w).
    { intros m Hm. apply nonneg_sum. intros k Hk. destruct (W k) as [K|K]; [lia|lra|lra]. }
    assert (Q : sum n (fun k => delta k i * w k) <= sum n w).
    { assert (G : 0 <= sum n (fun k => w k + -1 * (delta k i * w k))).
      { apply nonneg_sum. intros k Hk. destruct (Nat.eq_dec k i) as [->|M]; [rewrite delta_same; lra|].
        rewrite delta_other by exact M. destruct (W k) as [K|K]; [lia|lra|lra]. }
      rewrite sum_add, sum_factor in G. lra. }
    rewrite sum_delta in Q by lia. lra.
Qed.

(** Of the weights w of an index that wins: its term is the largest, and strictly *)
Lemma winner n w f :
  (forall i, (i < n)%nat -> w i * w i = w i) ->
  (forall i, (i < n)%nat -> 0 < w i + -1 * f i + sum n (fun k => w k * f k)) ->
  sum n w = 1 ->
  exists j, (j < n)%nat /\ (forall g, sum n (fun k => w k * g k) = g j) /\
            forall i, (i < n)%nat -> i <> j -> f i < f j.
Proof.
  intros H L S. destruct (one_weight n w H S) as [j [Hj D]]. exists j.
  assert (E : forall g, sum n (fun k => w k * g k) = g j).
  { intros g. rewrite <- (sum_delta n j g Hj). apply sum_ext. intros i Hi. now rewrite D. }
  repeat split; [exact Hj|exact E|]. intros i Hi N. specialize (L i Hi). rewrite E, D, delta_other in L by assumption.
  lra.
Qed.

(** The kernel's max_wins *)
Lemma max_wins n w f :
  (forall i, (i < n)%nat -> w i * w i = w i) ->
  (forall i, (i < n)%nat -> 0 < w i + -1 * f i + sum n (fun k => w k * f k)) ->
  sum n w = 1 -> maximum n f = sum n (fun k => w k * f k).
Proof.
  intros H L S. destruct (winner n w f H L S) as [j [Hj [E W]]]. rewrite E. apply max_at; [exact Hj|].
  intros i Hi. destruct (Nat.eq_dec i j) as [->|N]; [apply Rle_refl|]. apply Rlt_le. now apply W.
Qed.

End Sums.

(** ** Equality and order: the schemes of the kernel, premises first, in the kernel's order *)

Section Schemes.

Implicit Types a b c d : R.

(** 1[a >= 0] *)
Definition ind a : R := if Rle_dec 0 a then 1 else 0.

(** The functions of the kernel that Coq has not: 1/(1 + exp(-a)), log(1 + exp a), and the integral of 2/sqrt(pi)
    exp(-t²) from 0 to a. Its tanh is sinh/cosh *)
Definition sigmoid a : R := / (1 + exp (-1 * a)).

Definition softplus a : R := ln (1 + exp a).

Definition gauss t : R := 2 * / sqrt PI * exp (-1 * (t * t)).

Definition erf a : R := RInt gauss 0 a.

Lemma refl a : a = a.
Proof. reflexivity. Qed.

Lemma sym a b : a = b -> b = a.
Proof. now intros ->. Qed.

Lemma trans a b c : a = b -> b = c -> a = c.
Proof. now intros ->. Qed.

Lemma cong_add a b c d : a = b -> c = d -> a + c = b + d.
Proof. now intros -> ->. Qed.

Lemma cong_mul a b c d : a = b -> c = d -> a * c = b * d.
Proof. now intros -> ->. Qed.

Lemma cong_inv a b : a = b -> / a = / b.
Proof. now intros ->. Qed.

Lemma cong_exp a b : a = b -> exp a = exp b.
Proof. now intros ->. Qed.

Lemma cong_log a b : a = b -> ln a = ln b.
Proof. now intros ->. Qed.

Lemma cong_ind a b : a = b -> ind a = ind b.
Proof. now intros ->. Qed.

Lemma cong_sqrt a b : a = b -> sqrt a = sqrt b.
Proof. now intros ->. Qed.

Lemma cong_tanh a b : a = b -> tanh a = tanh b.
Proof. now intros ->. Qed.

Lemma cong_sigmoid a b : a = b -> sigmoid a = sigmoid b.
Proof. now intros ->. Qed.

Lemma cong_softplus a b : a = b -> softplus a = softplus b.
Proof. now intros ->. Qed.

Lemma cong_erf a b : a = b -> erf a = erf b.
Proof. now intros ->. Qed.

Lemma cong_sin a b : a = b -> sin a = sin b.
Proof. now intros ->. Qed.

Lemma cong_cos a b : a = b -> cos a = cos b.
Proof. now intros ->. Qed.

Lemma pos_eq a b : a = b -> 0 < a -> 0 < b.
Proof. now intros ->. Qed.

Lemma nonneg_eq a b : a = b -> 0 <= a -> 0 <= b.
Proof. now intros ->. Qed.

Lemma nonzero_eq a b : a = b -> a <> 0 -> b <> 0.
Proof. now intros ->. Qed.

(** exp (a + b) = exp a * exp b *)
Lemma exp_add a b : exp (a + b) = exp a * exp b.
Proof. apply exp_plus. Qed.

Lemma exp_zero : exp 0 = 1.
Proof. apply exp_0. Qed.

Lemma log_exp a : ln (exp a) = a.
Proof. apply ln_exp. Qed.

Lemma exp_log a : 0 < a -> exp (ln a) = a.
Proof. apply exp_ln. Qed.

Lemma log_mul a b : 0 < a -> 0 < b -> ln (a * b) = ln a + ln b.
Proof. apply ln_mult. Qed.

Lemma log_inv a : 0 < a -> ln (/ a) = -1 * ln a.
Proof. intros H. rewrite ln_Rinv by exact H. ring. Qed.

Lemma inv_mul a b : a <> 0 -> b <> 0 -> / (a * b) = / a * / b.
Proof. intros Ha Hb. field. now split. Qed.

Lemma inv_inv a : a <> 0 -> / / a = a.
Proof. intros Ha. field. exact Ha. Qed.

Lemma cancel a : a <> 0 -> a * / a = 1.
Proof. apply Rinv_r. Qed.

Lemma ind_nonneg a : 0 <= a -> ind a = 1.
Proof. unfold ind. intros H. destruct (Rle_dec 0 a); [reflexivity|contradiction]. Qed.

Lemma ind_negative a : 0 < -1 * a -> ind a = 0.
Proof. unfold ind. intros H. destruct (Rle_dec 0 a); [lra|reflexivity]. Qed.

Lemma ind_negate a : a <> 0 -> ind (-1 * a) = 1 + -1 * ind a.
Proof. unfold ind. intros H. destruct (Rle_dec 0 (-1 * a)), (Rle_dec 0 a); lra. Qed.

Lemma ind_scale a b : 0 < a -> ind (a * b) = ind b.
Proof.
  unfold ind. intros H. destruct (Rle_dec 0 (a * b)) as [K|K], (Rle_dec 0 b) as [L|L]; try reflexivity; exfalso.
  - apply L. apply Rmult_le_reg_l with a; [exact H|now rewrite Rmult_0_r].
  - apply K. now apply Rmult_le_pos; [apply Rlt_le|].
Qed.

Lemma ind_implied a b : 0 <= b -> ind a * ind (a + b) = ind a.
Proof. unfold ind. intros H. destruct (Rle_dec 0 a), (Rle_dec 0 (a + b)); lra. Qed.

Lemma sqrt_square a : 0 <= a -> sqrt (a * a) = a.
Proof. apply sqrt_square. Qed.

Lemma square_sqrt a : 0 <= a -> sqrt a * sqrt a = a.
Proof. apply sqrt_sqrt. Qed.

Lemma tanh_exp a : tanh a = (exp a + -1 * exp (-1 * a)) * / (exp a + exp (-1 * a)).
Proof.
  unfold tanh, sinh, cosh. replace (-1 * a) with (- a) by ring.
  pose proof (exp_pos a). pose proof (exp_pos (- a)). field. lra.
Qed.

Lemma sigmoid_exp a : sigmoid a = / (1 + exp (-1 * a)).
Proof. reflexivity. Qed.

Lemma softplus_log a : softplus a = ln (1 + exp a).
Proof. reflexivity. Qed.

Lemma sin_cos a : sin a * sin a + cos a * cos a = 1.
Proof. apply sin2_cos2. Qed.

Lemma sin_negate a : sin (-1 * a) = -1 * sin a.
Proof. replace (-1 * a) with (- a) by ring. rewrite sin_neg. ring. Qed.

Lemma cos_negate a : cos (-1 * a) = cos a.
Proof. replace (-1 * a) with (- a) by ring. apply cos_neg. Qed.

Lemma gauss_continuous t : continuous gauss t.
Proof.
  apply (ex_derive_continuous (K := R_AbsRing) (V := R_NormedModule)). unfold gauss. now auto_derive.
Qed.

Lemma gauss_integrable a b : ex_RInt gauss a b.
Proof. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros t _. apply gauss_continuous. Qed.

Lemma erf_negate a : erf (-1 * a) = -1 * erf a.
Proof.
  unfold erf. apply (is_RInt_unique (V := R_CompleteNormedModule)).
  apply (is_RInt_ext (V := R_NormedModule) (fun t => opp (scal (-1) (gauss (- t))))).
  - intros t _. unfold gauss, opp, scal. simpl. unfold mult. simpl. replace (- t * - t) with (t * t) by ring. ring.
  - apply (is_RInt_comp_opp (V := R_NormedModule) (fun t => scal (-1) (gauss t))).
    replace (- 0) with 0 by ring. replace (- (-1 * a)) with a by ring.
    apply (is_RInt_scal (V := R_NormedModule) gauss). apply (RInt_correct (V := R_CompleteNormedModule)).
    apply gauss_integrable.
Qed.

Lemma ind_pos a : 0 < a -> ind a = 1.
Proof. intros H. apply ind_nonneg. lra. Qed.

Lemma ind_neg a : a < 0 -> ind a = 0.
Proof. intros H. apply ind_negative. lra. Qed.

Lemma pos_exp a : 0 < exp a.
Proof. apply exp_pos. Qed.

Lemma pos_softplus a : 0 < softplus a.
Proof. unfold softplus. rewrite <- ln_1. apply ln_increasing; [lra|]. pose proof (exp_pos a). lra. Qed.

Lemma pos_sqrt a : 0 < a -> 0 < sqrt a.
Proof. apply sqrt_lt_R0. Qed.

Lemma nonneg_sqrt a : 0 <= a -> 0 <= sqrt a.
Proof. intros _. apply sqrt_pos. Qed.

Lemma pos_pi : 0 < PI.
Proof. exact PI_RGT_0. Qed.

Lemma pos_add a b : 0 < a -> 0 <= b -> 0 < a + b.
Proof. lra. Qed.

Lemma pos_mul a b : 0 < a -> 0 < b -> 0 < a * b.
Proof. apply Rmult_lt_0_compat. Qed.

Lemma pos_inv a : 0 < a -> 0 < / a.
Proof. apply Rinv_0_lt_compat. Qed.

Lemma pos_nonneg a : 0 <= a -> a <> 0 -> 0 < a.
Proof. intros H E. lra. Qed.

Lemma nonneg_square a : 0 <= a * a.
Proof. apply Rle_0_sqr. Qed.

Lemma nonneg_mul a b : 0 <= a -> 0 <= b -> 0 <= a * b.
Proof. apply Rmult_le_pos. Qed.

Lemma nonneg_weaken a : 0 < a -> 0 <= a.
Proof. apply Rlt_le. Qed.

Lemma nonzero_weaken a : 0 < a -> a <> 0.
Proof. intros H E. lra. Qed.

Lemma nonzero_mul a b : a <> 0 -> b <> 0 -> a * b <> 0.
Proof. intros H K E. destruct (Rmult_integral a b E); contradiction. Qed.

Lemma nonzero_inv a : a <> 0 -> / a <> 0.
Proof. apply Rinv_neq_0_compat. Qed.

Lemma nonzero_factor a b : b * a <> 0 -> a <> 0.
Proof. intros H E. apply H. rewrite E. apply Rmult_0_r. Qed.

(** p/q > 0 for whole numbers p, q > 0: both premises are decided by computation, with eq_refl *)
Lemma pos_number (p q : Z) : Z.ltb 0 p = true -> Z.ltb 0 q = true -> 0 < IZR p / IZR q.
Proof.
  intros Hp Hq. apply Z.ltb_lt in Hp, Hq. apply Rdiv_lt_0_compat; now apply IZR_lt.
Qed.

Lemma pos_integer (p : Z) : Z.ltb 0 p = true -> 0 < IZR p.
Proof. intros Hp. apply Z.ltb_lt in Hp. now apply IZR_lt. Qed.

End Schemes.

(** ** Differentiability from a normed module of parameters *)

Section Diff.

Context {U : NormedModule R_AbsRing}.
Implicit Types (u : U) (f g lf lg : U -> R).

(** f : U -> R is differentiable at u (in Frechet's sense), and its derivative there is the linear map l *)
Definition diff f u (l : U -> R) : Prop := @filterdiff R_AbsRing U R_NormedModule f (locally u) l.

Lemma diff_ext f g u l : (forall v, f v = g v) -> diff f u l -> diff g u l.
Proof. intros H. apply filterdiff_ext. exact H. Qed.

Lemma diff_ext_lin f u lf lg : (forall v, lf v = lg v) -> diff f u lf -> diff f u lg.
Proof. intros H D. eapply filterdiff_ext_lin; [exact D|exact H]. Qed.

Lemma diff_const (a : R) u : diff (fun _ => a) u (fun _ => 0).
Proof. apply (filterdiff_const (F := locally u) (V := R_NormedModule) a). Qed.

Lemma diff_plus f g u lf lg :
  diff f u lf -> diff g u lg -> diff (fun v => f v + g v) u (fun v => lf v + lg v).
Proof.
  intros Hf Hg. exact (filterdiff_plus_fct (F := locally u) (V := R_NormedModule) f g lf lg Hf Hg).
Qed.

Lemma diff_mult f g u lf lg :
  diff f u lf -> diff g u lg -> diff (fun v => f v * g v) u (fun v => lf v * g u + f u * lg v).
Proof. intros Hf Hg. exact (filterdiff_mult_fct f g u lf lg Rmult_comm Hf Hg). Qed.

Lemma diff_sum n (f lf : nat -> U -> R) u :
  (forall i, (i < n)%nat -> diff (f i) u (lf i)) ->
  diff (fun v => sum n (fun i => f i v)) u (fun v => sum n (fun i => lf i v)).
Proof.
  induction n as [|n IH]; intros H; simpl.
  - apply diff_const.
  - apply diff_plus; [apply IH; intros i Hi|]; apply H; lia.
Qed.

(** What is positive at u is positive near u *)
Lemma diff_positive f u lf : diff f u lf -> 0 < f u -> locally u (fun v => 0 < f v).
Proof.
  intros D H. assert (C : continuous f u).
  { apply (filterdiff_continuous (K := R_AbsRing) (V := R_NormedModule) f u). now exists lf. }
  apply C. now apply open_gt.
Qed.

(** The largest of finitely many, where one wins *)
Lemma diff_max n j (f lf : nat -> U -> R) u : (j < n)%nat ->
  (forall i, (i < n)%nat -> diff (f i) u (lf i)) ->
  (forall i, (i < n)%nat -> i <> j -> f i u < f j u) ->
  diff (fun v => maximum n (fun i => f i v)) u (lf j).
Proof.
  intros Hj D W.
  assert (L : forall m, (m <= n)%nat -> locally u (fun v => forall i, (i < m)%nat -> f i v <= f j v)).
  { induction m as [|m IH]; intros Hm; [apply filter_forall; intros v i Hi; lia|].
    assert (M : locally u (fun v => f m v <= f j v)).
    { destruct (Nat.eq_dec m j) as [->|N]; [apply filter_forall; intros v; apply Rle_refl|].
      apply (filter_imp (fun v => 0 < f j v + -1 * f m v)); [intros v; lra|].
      apply (diff_positive _ u (fun v => lf j v + (0 * f m u + -1 * lf m v))).
      - apply diff_plus; [now apply D|]. apply (diff_mult (fun _ => -1) (f m)); [apply diff_const|apply D; lia].
      - specialize (W m). lra || (assert (f m u < f j u) by (apply W; [lia|exact N]); lra). }
    generalize (filter_and (F := locally u) _ _ (IH ltac:(lia)) M). apply filter_imp. intros v [A B] i Hi.
    destruct (Nat.eq_dec i m) as [->|N]; [exact B|apply A; lia]. }
  apply (filterdiff_ext_locally (K := R_AbsRing) (V := R_NormedModule) (f j)); [|now apply D].
  generalize (L n (Nat.le_refl n)). apply filter_imp. intros v H. symmetry.
  exact (max_at n j (fun i => f i v) Hj H).
Qed.

(** h o f, for h : R -> R with derivative d at f u *)
Lemma diff_unary (h : R -> R) (d : R) f u lf :
  is_derive h (f u) d -> diff f u lf -> diff (fun v => h (f v)) u (fun v => d * lf v).
Proof.
  intros Hh Hf. apply (diff_ext_lin _ _ (fun v => scal (lf v) d)).
  - intros v. apply Rmult_comm.
  - exact (filterdiff_comp' f h u lf (fun y => scal y d) Hf Hh).
Qed.

End Diff.

(** A function of one number *)
Lemma diff_is_derive (f : R -> R) (x d : R) (l : R -> R) :
  @diff R_NormedModule f x l -> (forall t, l t = t * d) -> is_derive f x d.
Proof. intros H E. exact (@diff_ext_lin R_NormedModule f x l (fun t => scal t d) E H). Qed.

Lemma is_derive_diff (f : R -> R) (x d : R) : is_derive f x d -> @diff R_NormedModule f x (fun t => t * d).
Proof. intros H. exact H. Qed.

(** ** Derivatives of functions of one number *)

Section Functions.

Lemma is_derive_log a : 0 < a -> is_derive ln a (/ a).
Proof. apply is_derive_ln. Qed.

Lemma is_derive_recip a : a <> 0 -> is_derive Rinv a (-1 * (/ a * / a)).
Proof.
  intros H. evar_last; [apply (is_derive_inv (fun x => x) a 1); [exact (@is_derive_id R_AbsRing a)|exact H]|].
  field. exact H.
Qed.

(** Off its kink, 1[x >= 0] is locally constant *)
Lemma is_derive_ind a : a <> 0 -> is_derive ind a 0.
Proof.
  intros H. apply (is_derive_ext_loc (fun _ => ind a)); [|apply @is_derive_const].
  assert (Ha : 0 < Rabs a) by now apply Rabs_pos_lt.
  exists (mkposreal _ Ha). intros y Hy. apply Rabs_def2 in Hy. unfold minus, plus, opp in Hy. simpl in Hy.
  unfold Rabs in *. unfold ind. destruct (Rcase_abs a), (Rle_dec 0 a), (Rle_dec 0 y); reflexivity || lra.
Qed.

Lemma is_derive_root a : 0 < a -> is_derive sqrt a (/ (2 * sqrt a)).
Proof. intros H. apply is_derive_Reals. now apply derivable_pt_lim_sqrt. Qed.

Lemma is_derive_hyperbolic a : is_derive tanh a (1 + -1 * (tanh a * tanh a)).
Proof.
  unfold tanh, sinh, cosh. pose proof (exp_pos a) as H. pose proof (exp_pos (- a)) as K.
  auto_derive; [lra|]. field. lra.
Qed.

Lemma is_derive_sigmoid a : is_derive sigmoid a (sigmoid a * (1 + -1 * sigmoid a)).
Proof.
  unfold sigmoid. pose proof (exp_pos (-1 * a)) as H. auto_derive; [lra|]. field. lra.
Qed.

Lemma is_derive_softplus a : is_derive softplus a (sigmoid a).
Proof.
  unfold softplus, sigmoid. pose proof (exp_pos a) as H. auto_derive; [lra|].
  replace (-1 * a) with (- a) by ring. rewrite exp_Ropp. field. lra.
Qed.

Lemma is_derive_erf a : is_derive erf a (gauss a).
Proof.
  apply (is_derive_RInt (V := R_NormedModule) gauss erf 0 a); [|apply gauss_continuous].
  apply filter_forall. intros b. apply (RInt_correct (V := R_CompleteNormedModule)). apply gauss_integrable.
Qed.

Lemma is_derive_cosine a : is_derive cos a (-1 * sin a).
Proof. auto_derive; [trivial|ring]. Qed.

End Functions.

Section Compositions.

Context {U : NormedModule R_AbsRing}.
Implicit Types (u : U) (f lf : U -> R).

Lemma diff_exp f u lf : diff f u lf -> diff (fun v => exp (f v)) u (fun v => exp (f u) * lf v).
Proof. apply diff_unary, is_derive_exp. Qed.

Lemma diff_ln f u lf : diff f u lf -> 0 < f u -> diff (fun v => ln (f v)) u (fun v => / f u * lf v).
Proof. intros D H. apply diff_unary; [now apply is_derive_log|exact D]. Qed.

Lemma diff_inv f u lf : diff f u lf -> f u <> 0 -> diff (fun v => / f v) u (fun v => -1 * (/ f u * / f u) * lf v).
Proof. intros D H. apply (diff_unary Rinv); [now apply is_derive_recip|exact D]. Qed.

End Compositions.

(** ** Tensors

    A tensor of shape [n; p] is a function nat -> nat -> R, that of no dimensions a number. Everything here is defined
    by recursion on the list of dimensions, so that for a list that is written out it is, by mere computation, what one
    would write by hand:

      tensor [n; p]                   nat -> nat -> R
      all [n; p] P                    forall i, (i < n)%nat -> forall s, (s < p)%nat -> P (i, (s, tt))
      total [n; p] f                  sum n (fun i => sum p (fun s => f (i, (s, tt))))
      at_ [n; p] X (i, (s, tt))       X i s
      tab [n; p] f                    fun i s => f (i, (s, tt))
      unit_ [n; p] (i, (s, tt)) k     delta i k0 * delta s k1 *)

Section Tensors.

Fixpoint arr (s : list nat) (A : Type) : Type :=
  match s with
  | nil => A
  | _ :: s => nat -> arr s A
  end.

Definition tensor (s : list nat) : Type := arr s R.

Fixpoint idx (s : list nat) : Type :=
  match s with
  | nil => unit
  | _ :: s => (nat * idx s)%type
  end.

Fixpoint inr (s : list nat) : idx s -> Prop :=
  match s with
  | nil => fun _ => True
  | n :: s => fun k => (fst k < n)%nat /\ inr s (snd k)
  end.

Fixpoint all (s : list nat) : (idx s -> Prop) -> Prop :=
  match s with
  | nil => fun P => P tt
  | n :: s => fun P => forall i, (i < n)%nat -> all s (fun k => P (i, k))
  end.

Fixpoint at_ {A : Type} (s : list nat) : arr s A -> idx s -> A :=
  match s with
  | nil => fun X _ => X
  | _ :: s => fun X k => at_ s (X (fst k)) (snd k)
  end.

Fixpoint tab {A : Type} (s : list nat) : (idx s -> A) -> arr s A :=
  match s with
  | nil => fun f => f tt
  | _ :: s => fun f i => tab s (fun k => f (i, k))
  end.

Fixpoint total (s : list nat) : (idx s -> R) -> R :=
  match s with
  | nil => fun f => f tt
  | n :: s => fun f => sum n (fun i => total s (fun k => f (i, k)))
  end.

(** The product of a delta for each place; 1 where there is none *)
Fixpoint unit_ (s : list nat) : idx s -> idx s -> R :=
  match s with
  | nil => fun _ _ => 1
  | _ :: s' =>
    match s' return (idx s' -> idx s' -> R) -> nat * idx s' -> nat * idx s' -> R with
    | nil => fun _ i k => delta (fst i) (fst k)
    | _ :: _ => fun rest i k => delta (fst i) (fst k) * rest (snd i) (snd k)
    end (unit_ s')
  end.

(** sum over all entries of g[k] h[k] *)
Definition dot (s : list nat) (g h : tensor s) : R := total s (fun k => at_ s g k * at_ s h k).

Lemma all_iff s P : all s P <-> forall k, inr s k -> P k.
Proof.
  induction s as [|n s IH]; simpl.
  - split; [intros H []; trivial|auto].
  - split.
    + intros H [i k] [Hi Hk]. exact (proj1 (IH _) (H i Hi) k Hk).
    + intros H i Hi. apply IH. intros k Hk. now apply H.
Qed.

Lemma at_tab {A} s (f : idx s -> A) k : at_ s (tab s f) k = f k.
Proof.
  induction s as [|n s IH]; simpl; [now destruct k|].
  destruct k as [i k]. apply (IH (fun k => f (i, k))).
Qed.

Lemma arr_ext {A} s (X Y : arr s A) : (forall k, at_ s X k = at_ s Y k) -> X = Y.
Proof.
  induction s as [|n s IH]; simpl; intros H; [exact (H tt)|].
  apply functional_extensionality. intros i. apply IH. intros k. exact (H (i, k)).
Qed.

Lemma total_ext s f g : (forall k, inr s k -> f k = g k) -> total s f = total s g.
Proof.
  induction s as [|n s IH]; simpl; intros H; [now apply H|].
  apply sum_ext. intros i Hi. apply IH. intros k Hk. now apply H.
Qed.

Lemma total_zero s : total s (fun _ => 0) = 0.
Proof.
  induction s as [|n s IH]; simpl; [reflexivity|].
  transitivity (sum n (fun _ => 0)); [|apply sum_zero]. apply sum_ext. intros i _. exact IH.
Qed.

Lemma total_add s f g : total s (fun k => f k + g k) = total s f + total s g.
Proof.
  induction s as [|n s IH]; simpl; [reflexivity|].
  rewrite <- sum_add. apply sum_ext. intros i _. apply IH.
Qed.

Lemma total_factor s c f : total s (fun k => c * f k) = c * total s f.
Proof.
  induction s as [|n s IH]; simpl; [reflexivity|].
  rewrite <- sum_factor. apply sum_ext. intros i _. apply IH.
Qed.

Lemma total_sum s n (f : nat -> idx s -> R) :
  sum n (fun i => total s (f i)) = total s (fun k => sum n (fun i => f i k)).
Proof.
  induction s as [|m s IH]; simpl; [reflexivity|].
  rewrite sum_swap. apply sum_ext. intros i _. apply (IH (fun j k => f j (i, k))).
Qed.

Lemma total_swap s t (f : idx s -> idx t -> R) :
  total s (fun k => total t (f k)) = total t (fun l => total s (fun k => f k l)).
Proof.
  induction s as [|n s IH]; simpl; [reflexivity|].
  rewrite <- total_sum. apply sum_ext. intros i _. apply (IH (fun k => f (i, k))).
Qed.

Lemma unit_cons n s i k a b : unit_ (n :: s) (i, a) (k, b) = delta i k * unit_ s a b.
Proof. destruct s; simpl; ring. Qed.

(** sum_k unit[i, k] f[k] = f[i] *)
Lemma total_unit s i f : inr s i -> total s (fun k => unit_ s i k * f k) = f i.
Proof.
  induction s as [|n s IH]; intros Hi.
  - destruct i. simpl. ring.
  - destruct i as [i a]. destruct Hi as [Hi Ha]. simpl in Hi, Ha.
    change (sum n (fun j => total s (fun k => unit_ (n :: s) (i, a) (j, k) * f (j, k))) = f (i, a)).
    rewrite (sum_ext n _ (fun j => delta i j * total s (fun k => unit_ s a k * f (j, k)))).
    + rewrite sum_delta_l by exact Hi. exact (IH a (fun k => f (i, k)) Ha).
    + intros j _. rewrite <- total_factor. apply total_ext. intros k _. rewrite unit_cons. ring.
Qed.

(** A family of finitely many existing things is a function: no axiom of choice is needed *)
Lemma finite_choice {A : Type} (a0 : A) s (P : idx s -> A -> Prop) :
  (forall k, inr s k -> exists a, P k a) -> exists f : idx s -> A, forall k, inr s k -> P k (f k).
Proof.
  induction s as [|n s IH]; intros H.
  - destruct (H tt I) as [a Ha]. exists (fun _ => a). now intros [] _.
  - assert (C : forall m, (m <= n)%nat ->
                exists f : nat * idx s -> A, forall k, (fst k < m)%nat -> inr s (snd k) -> P k (f k)).
    { induction m as [|m IHm]; intros Hm.
      - exists (fun _ => a0). intros k Hk. lia.
      - destruct IHm as [f Hf]; [lia|]. destruct (IH (fun k => P (m, k))) as [g Hg].
        + intros k Hk. apply H. simpl. split; [lia|exact Hk].
        + exists (fun k => if Nat.eq_dec (fst k) m then g (snd k) else f k).
          intros [i k] Hi Hk. simpl in *. destruct (Nat.eq_dec i m) as [->|E]; [now apply Hg|].
          apply Hf; [simpl; lia|exact Hk]. }
    destruct (C n (Nat.le_refl n)) as [f Hf]. exists f. intros k [Hi Hk]. now apply Hf.
Qed.

Lemma diff_total {U : NormedModule R_AbsRing} s (f lf : idx s -> U -> R) u :
  (forall k, inr s k -> diff (f k) u (lf k)) ->
  diff (fun v => total s (fun k => f k v)) u (fun v => total s (fun k => lf k v)).
Proof.
  induction s as [|n s IH]; simpl; intros H; [now apply H|].
  apply diff_sum. intros i Hi. apply IH. intros k Hk. now apply H.
Qed.

End Tensors.

(** ** Differentiation by a tensor

    [Grad s e X g]: e, a function of tensors of shape s, is differentiable at X in all entries at once, and entry k of
    its gradient is g[k]. It is said without any norm on tensors: however the entries of a tensor Y(v) depend on a
    parameter v of whatever normed module U, if each is differentiable at u in Frechet's sense with derivative Y', and
    Y(u) = X, then so is e(Y(v)), and its derivative is sum_k g[k] Y'[k].

    Why this form. With U = the tensors themselves, Y = the identity, it is Frechet differentiability, for functions
    that look only at entries in range ([D_frechet] in Frechet.v); with U = R and Y = X but for one entry, it is the
    partial derivative ([D_partial]); with U = all parameters of a network, it is what backpropagation computes
    (Network.v). Rules are proved for all shapes at once, one line each from Coquelicot's. The kernel's ∂e/∂X[k] = d,
    for a free index k that stands nowhere else, is Grad with g = fun k => d: of d only its values at indices in range
    matter. Only where k stands in e or in a hypothesis itself (∂X[k]²/∂X[k] = 2 X[k]) does one need
    [Partial s e X k d]: some gradient exists whose entry k is d. The rules of both have the same names, with D_ for
    Grad and P_ for Partial. *)

Section Gradients.

Definition Grad (s : list nat) (e : tensor s -> R) (X : tensor s) (g : tensor s) : Prop :=
  forall (U : NormedModule R_AbsRing) (u : U) (Y Y' : U -> tensor s),
  Y u = X ->
  (forall k, inr s k -> diff (fun v => at_ s (Y v) k) u (fun v => at_ s (Y' v) k)) ->
  diff (fun v => e (Y v)) u (fun v => dot s g (Y' v)).

(** f is differentiable everywhere, with the slopes f': the abstract maps of the kernel *)
Definition Smooth (s : list nat) (f : tensor s -> R) (f' : tensor s -> tensor s) : Prop :=
  forall X, Grad s f X (f' X).

Variable s : list nat.
Implicit Types (e : tensor s -> R) (X g : tensor s) (k : idx s).

(** d_value: other forms of the gradient, in range *)
Lemma D_value e X g h : all s (fun k => at_ s g k = at_ s h k) -> Grad s e X g -> Grad s e X h.
Proof.
  intros E D U u Y Y' HY HD. apply (diff_ext_lin _ _ (fun v => dot s g (Y' v))); [|now apply D].
  intros v. apply total_ext. intros k Hk. rewrite (proj1 (all_iff s _) E k Hk). reflexivity.
Qed.

(** d_function: other forms of the function *)
Lemma D_function e f X g : (forall X, e X = f X) -> Grad s e X g -> Grad s f X g.
Proof.
  intros E D U u Y Y' HY HD. apply (diff_ext (fun v => e (Y v))); [intros v; apply E|now apply D].
Qed.

(** d_variable: ∂X[i]/∂X[k] = delta[i, k] *)
Lemma D_var (i : idx s) X : inr s i -> Grad s (fun X => at_ s X i) X (tab s (fun k => unit_ s i k)).
Proof.
  intros Hi U u Y Y' HY HD. apply (diff_ext_lin _ _ (fun v => at_ s (Y' v) i)); [|now apply HD].
  intros v. rewrite <- (total_unit s i (fun k => at_ s (Y' v) k) Hi). apply total_ext. intros k _. now rewrite at_tab.
Qed.

(** d_constant: ∂c/∂X[k] = 0 *)
Lemma D_cst (c : R) X : Grad s (fun _ => c) X (tab s (fun _ => 0)).
Proof.
  intros U u Y Y' HY HD. apply (diff_ext_lin _ _ (fun _ => 0)); [|apply diff_const].
  intros v. transitivity (total s (fun _ => 0)); [now rewrite total_zero|].
  apply total_ext. intros k _. rewrite at_tab. ring.
Qed.

(** d_add: ∂(a + b) = ∂a + ∂b *)
Lemma D_plus a b X da db : Grad s a X da -> Grad s b X db ->
  Grad s (fun X => a X + b X) X (tab s (fun k => at_ s da k + at_ s db k)).
Proof.
  intros Da Db U u Y Y' HY HD.
  apply (diff_ext_lin _ _ (fun v => dot s da (Y' v) + dot s db (Y' v))).
  - intros v. unfold dot. rewrite <- total_add. apply total_ext. intros k _. rewrite at_tab. ring.
  - apply diff_plus; [now apply Da|now apply Db].
Qed.

(** d_mul: ∂(a b) = ∂a b + a ∂b *)
Lemma D_mult a b X da db : Grad s a X da -> Grad s b X db ->
  Grad s (fun X => a X * b X) X (tab s (fun k => at_ s da k * b X + a X * at_ s db k)).
Proof.
  intros Da Db U u Y Y' HY HD.
  apply (diff_ext_lin _ _ (fun v => dot s da (Y' v) * b (Y u) + a (Y u) * dot s db (Y' v))).
  - intros v. unfold dot. rewrite HY, (Rmult_comm (total _ _) (b X)), <- !total_factor, <- total_add.
    apply total_ext. intros k _. rewrite at_tab. ring.
  - apply (diff_mult (fun v => a (Y v)) (fun v => b (Y v))); [now apply Da|now apply Db].
Qed.

(** d_sum: ∂(sum_i a) = sum_i ∂a *)
Lemma D_sum n (a : nat -> tensor s -> R) X (da : nat -> tensor s) :
  (forall i, (i < n)%nat -> Grad s (a i) X (da i)) ->
  Grad s (fun X => sum n (fun i => a i X)) X (tab s (fun k => sum n (fun i => at_ s (da i) k))).
Proof.
  intros Da U u Y Y' HY HD.
  apply (diff_ext_lin _ _ (fun v => sum n (fun i => dot s (da i) (Y' v)))).
  - intros v. unfold dot. rewrite total_sum. apply total_ext. intros k _. rewrite at_tab. apply sum_factor_r.
  - apply diff_sum. intros i Hi. now apply Da.
Qed.

(** d_max: ∂(max_i a) = sum_i w[i] ∂a, for the weights w of an index that wins *)
Lemma D_max n (w : nat -> R) (a : nat -> tensor s -> R) X (da : nat -> tensor s) :
  (forall i, (i < n)%nat -> w i * w i = w i) ->
  (forall i, (i < n)%nat -> 0 < w i + -1 * a i X + sum n (fun l => w l * a l X)) ->
  sum n w = 1 ->
  (forall i, (i < n)%nat -> Grad s (a i) X (da i)) ->
  Grad s (fun X => maximum n (fun i => a i X)) X (tab s (fun k => sum n (fun i => w i * at_ s (da i) k))).
Proof.
  intros H L S Da U u Y Y' HY HD. destruct (winner n w (fun i => a i X) H L S) as [j [Hj [E W]]].
  apply (diff_ext_lin _ _ (fun v => dot s (da j) (Y' v))).
  - intros v. apply total_ext. intros k _. now rewrite at_tab, E.
  - apply (diff_max n j (fun i v => a i (Y v)) (fun i v => dot s (da i) (Y' v))); [exact Hj| |].
    + intros i Hi. now apply Da.
    + intros i Hi N. rewrite HY. now apply W.
Qed.

(** h o a, for h : R -> R with derivative d at a(X): ∂h(a) = d ∂a *)
Lemma D_unary (h : R -> R) (d : R) a X da : is_derive h (a X) d -> Grad s a X da ->
  Grad s (fun X => h (a X)) X (tab s (fun k => d * at_ s da k)).
Proof.
  intros Dh Da U u Y Y' HY HD. apply (diff_ext_lin _ _ (fun v => d * dot s da (Y' v))).
  - intros v. unfold dot. rewrite <- total_factor. apply total_ext. intros k _. rewrite at_tab. ring.
  - apply (diff_unary h d (fun v => a (Y v))); [now rewrite HY|now apply Da].
Qed.

(** d_exp: ∂exp a = exp a ∂a *)
Lemma D_exp a X da : Grad s a X da -> Grad s (fun X => exp (a X)) X (tab s (fun k => exp (a X) * at_ s da k)).
Proof. apply D_unary. apply is_derive_exp. Qed.

(** d_log: ∂log a = ∂a / a, where a > 0 *)
Lemma D_ln a X da : Grad s a X da -> 0 < a X -> Grad s (fun X => ln (a X)) X (tab s (fun k => / a X * at_ s da k)).
Proof. intros Da H. apply D_unary; [|exact Da]. now apply is_derive_log. Qed.

(** d_inv: ∂(1/a) = -∂a / a², where a <> 0 *)
Lemma D_inv a X da : Grad s a X da -> a X <> 0 ->
  Grad s (fun X => / a X) X (tab s (fun k => -1 * (/ a X * / a X) * at_ s da k)).
Proof. intros Da H. apply D_unary; [|exact Da]. now apply is_derive_recip. Qed.

(** d_ind: ∂1[a >= 0] = 0, where a <> 0 *)
Lemma D_ind a X da : Grad s a X da -> a X <> 0 -> Grad s (fun X => ind (a X)) X (tab s (fun _ => 0)).
Proof.
  intros Da H. apply (D_value _ _ (tab s (fun k => 0 * at_ s da k))).
  - apply all_iff. intros k _. rewrite !at_tab. ring.
  - apply D_unary; [now apply is_derive_ind|exact Da].
Qed.

(** d_sqrt: ∂sqrt a = ∂a / (2 sqrt a), where a > 0 *)
Lemma D_sqrt a X da : Grad s a X da -> 0 < a X ->
  Grad s (fun X => sqrt (a X)) X (tab s (fun k => / (2 * sqrt (a X)) * at_ s da k)).
Proof. intros Da H. apply D_unary; [|exact Da]. now apply is_derive_root. Qed.

(** d_tanh: ∂tanh a = (1 - tanh² a) ∂a *)
Lemma D_tanh a X da : Grad s a X da ->
  Grad s (fun X => tanh (a X)) X (tab s (fun k => (1 + -1 * (tanh (a X) * tanh (a X))) * at_ s da k)).
Proof. apply D_unary. apply is_derive_hyperbolic. Qed.

(** d_sigmoid: ∂sigmoid a = sigmoid a (1 - sigmoid a) ∂a *)
Lemma D_sigmoid a X da : Grad s a X da ->
  Grad s (fun X => sigmoid (a X)) X (tab s (fun k => sigmoid (a X) * (1 + -1 * sigmoid (a X)) * at_ s da k)).
Proof. apply D_unary. apply is_derive_sigmoid. Qed.

(** d_softplus: ∂softplus a = sigmoid a ∂a *)
Lemma D_softplus a X da : Grad s a X da ->
  Grad s (fun X => softplus (a X)) X (tab s (fun k => sigmoid (a X) * at_ s da k)).
Proof. apply D_unary. apply is_derive_softplus. Qed.

(** d_erf: ∂erf a = 2/sqrt(pi) exp(-a²) ∂a *)
Lemma D_erf a X da : Grad s a X da ->
  Grad s (fun X => erf (a X)) X (tab s (fun k => 2 * / sqrt PI * exp (-1 * (a X * a X)) * at_ s da k)).
Proof. apply D_unary. apply is_derive_erf. Qed.

(** d_sin: ∂sin a = cos a ∂a *)
Lemma D_sin a X da : Grad s a X da -> Grad s (fun X => sin (a X)) X (tab s (fun k => cos (a X) * at_ s da k)).
Proof. apply D_unary. apply is_derive_sin. Qed.

(** d_cos: ∂cos a = -sin a ∂a *)
Lemma D_cos a X da : Grad s a X da -> Grad s (fun X => cos (a X)) X (tab s (fun k => -1 * sin (a X) * at_ s da k)).
Proof. apply D_unary. apply is_derive_cosine. Qed.

(** d_map: ∂f(X)/∂X[k] = f'(X)[k] *)
Lemma D_map f f' X : Smooth s f f' -> Grad s f X (f' X).
Proof. intros H. apply H. Qed.

End Gradients.

(** d_chain: ∂e(G(T))/∂T[l] = sum_k (∂e/∂X[k])(G(T)) ∂G[k]/∂T[l] *)
Lemma D_comp s t (e : tensor s -> R) (G : tensor t -> tensor s) (T : tensor t) (d : tensor s) (h : arr s (tensor t)) :
  Grad s e (G T) d ->
  all s (fun k => Grad t (fun T => at_ s (G T) k) T (at_ s h k)) ->
  Grad t (fun T => e (G T)) T (tab t (fun l => total s (fun k => at_ s d k * at_ t (at_ s h k) l))).
Proof.
  intros De DG U u Y Y' HY HD. rewrite all_iff in DG.
  apply (diff_ext_lin _ _ (fun v => dot s d (tab s (fun k => dot t (at_ s h k) (Y' v))))).
  - intros v. unfold dot.
    rewrite (total_ext s _ (fun k => total t (fun l => at_ s d k * (at_ t (at_ s h k) l * at_ t (Y' v) l)))).
    + rewrite total_swap. apply total_ext. intros l _. rewrite at_tab.
      rewrite (Rmult_comm (total _ _)), <- total_factor. apply total_ext. intros k _. ring.
    + intros k _. rewrite at_tab. symmetry. apply total_factor.
  - apply (De U u (fun v => G (Y v)) (fun v => tab s (fun k => dot t (at_ s h k) (Y' v)))); [now rewrite HY|].
    intros k Hk. apply (diff_ext_lin _ _ (fun v => dot t (at_ s h k) (Y' v))).
    + intros v. now rewrite at_tab.
    + exact (DG k Hk U u Y Y' HY HD).
Qed.

(** ** What Grad says: partial derivatives, uniqueness, only entries in range *)

Section Meaning.

Variable s : list nat.

(** X with t at entry k *)
Fixpoint put (s : list nat) : tensor s -> idx s -> R -> tensor s :=
  match s with
  | nil => fun _ _ t => t
  | _ :: s => fun X k t i => if Nat.eq_dec i (fst k) then put s (X i) (snd k) t else X i
  end.

Lemma unit_sym i k : unit_ s i k = unit_ s k i.
Proof.
  induction s as [|n r IH]; [reflexivity|]. destruct i as [i a], k as [k b].
  rewrite !unit_cons, delta_sym, IH. reflexivity.
Qed.

Lemma at_put X k t l : at_ s (put s X k t) l = at_ s X l + unit_ s l k * (t - at_ s X k).
Proof.
  induction s as [|n r IH]; [simpl; ring|]. destruct k as [k b], l as [l c]. rewrite unit_cons. simpl.
  unfold delta. destruct (Nat.eq_dec l k) as [->|E]; [rewrite IH; ring|ring].
Qed.

Lemma put_same X k : put s X k (at_ s X k) = X.
Proof. apply arr_ext. intros l. rewrite at_put. ring. Qed.

(** The entries of the gradient are the partial derivatives *)
Lemma D_partial e X g k : Grad s e X g -> inr s k ->
  is_derive (fun t => e (put s X k t)) (at_ s X k) (at_ s g k).
Proof.
  intros D Hk.
  apply (diff_is_derive _ _ _ (fun t => dot s g (tab s (fun l => unit_ s l k * t)))).
  - apply (D R_NormedModule (at_ s X k) (put s X k)); [apply put_same|]. intros l _.
    apply (diff_ext (fun t => at_ s X l + unit_ s l k * (t - at_ s X k))).
    + intros t. now rewrite at_put.
    + apply (diff_ext_lin _ _ (fun t => t * unit_ s l k)); [intros t; rewrite at_tab; apply Rmult_comm|].
      apply is_derive_diff. auto_derive; [trivial|ring].
  - intros t. unfold dot. rewrite (total_ext s _ (fun l => unit_ s k l * (at_ s g l * t))).
    + rewrite total_unit by exact Hk. ring.
    + intros l _. rewrite at_tab, unit_sym. ring.
Qed.

(** There is only one gradient *)
Lemma D_unique e X g h : Grad s e X g -> Grad s e X h -> all s (fun k => at_ s g k = at_ s h k).
Proof.
  intros Dg Dh. apply all_iff. intros k Hk.
  rewrite <- (is_derive_unique _ _ _ (D_partial e X g k Dg Hk)).
  exact (is_derive_unique _ _ _ (D_partial e X h k Dh Hk)).
Qed.

(** What is differentiable does not look at entries out of range *)
Lemma D_in_range e X X' g : Grad s e X g -> all s (fun k => at_ s X k = at_ s X' k) -> e X = e X'.
Proof.
  intros D E. rewrite all_iff in E.
  set (Y := fun t : R => if Req_EM_T t 0 then X else X').
  assert (Y0 : Y 0 = X) by (unfold Y; destruct (Req_EM_T 0 0); congruence).
  assert (C : diff (U := R_NormedModule) (fun t => e (Y t)) 0 (fun t => dot s g (tab s (fun _ => 0)))).
  { apply (D R_NormedModule 0 Y); [exact Y0|]. intros k Hk.
    apply (diff_ext (fun _ => at_ s X k)).
    - intros t. unfold Y. destruct (Req_EM_T t 0); [reflexivity|now apply E].
    - apply (diff_ext_lin _ _ (fun _ => 0)); [intros t; now rewrite at_tab|apply diff_const]. }
  assert (K : continuous (U := R_UniformSpace) (fun t => e (Y t)) 0).
  { apply (filterdiff_continuous (K := R_AbsRing) (V := R_NormedModule) (fun t => e (Y t)) 0).
    eexists. exact C. }
  destruct (Req_dec (e X) (e X')) as [H|H]; [exact H|exfalso].
  assert (P : 0 < Rabs (e X' - e X)) by (apply Rabs_pos_lt; lra).
  destruct (K _ (locally_ball (T := R_UniformSpace) (e (Y 0)) (mkposreal _ P))) as [r Hr].
  specialize (Hr (r / 2)). rewrite Y0 in Hr. pose proof (cond_pos r) as R0.
  assert (B : ball (M := R_UniformSpace) 0 r (r / 2)).
  { unfold ball. simpl. unfold AbsRing_ball, abs, minus, plus, opp. simpl. rewrite Rabs_pos_eq; lra. }
  specialize (Hr B). unfold ball in Hr. simpl in Hr. unfold AbsRing_ball, abs, minus, plus, opp in Hr. simpl in Hr.
  unfold Y in Hr. destruct (Req_EM_T (r / 2) 0); [lra|].
  unfold Rminus in Hr. lra.
Qed.

(** cong_map: a = b in range  |-  f(a) = f(b), and the same for the slopes of f *)
Lemma cong_map f f' X X' : Smooth s f f' -> all s (fun k => at_ s X k = at_ s X' k) -> f X = f X'.
Proof. intros H. exact (D_in_range f X X' _ (H X)). Qed.

Lemma cong_slope f f' X X' : Smooth s f f' -> all s (fun k => at_ s X k = at_ s X' k) ->
  all s (fun k => at_ s (f' X) k = at_ s (f' X') k).
Proof.
  intros H E. apply all_iff. intros k Hk. pose proof (proj1 (all_iff s _) E) as Ek.
  pose proof (D_partial f X' _ k (H X') Hk) as D'. rewrite <- (Ek k Hk) in D'.
  rewrite <- (is_derive_unique _ _ _ (D_partial f X _ k (H X) Hk)), <- (is_derive_unique _ _ _ D').
  apply Derive_ext. intros t. apply (cong_map f f'); [exact H|].
  apply all_iff. intros l Hl. rewrite !at_put, !Ek by assumption. reflexivity.
Qed.

End Meaning.

(** ** Partial: one entry of the gradient *)

Section Partials.

Variable s : list nat.
Implicit Types (e a b : tensor s -> R) (X g : tensor s) (k : idx s).

(** e is differentiable at X, and entry k of its gradient is d. Where k is out of range a gradient may hold
    anything (D_value): then this says, for every d alike, no more than that e is differentiable at X *)
Definition Partial e X k (d : R) : Prop := exists g, Grad s e X g /\ at_ s g k = d.

Lemma P_of_D e X g k : Grad s e X g -> Partial e X k (at_ s g k).
Proof. intros D. now exists g. Qed.

Lemma P_value e X k c d : c = d -> Partial e X k c -> Partial e X k d.
Proof. now intros ->. Qed.

Lemma P_function e f X k d : (forall X, e X = f X) -> Partial e X k d -> Partial f X k d.
Proof. intros E [g [D H]]. exists g. split; [exact (D_function s e f X g E D)|exact H]. Qed.

Lemma P_var (i : idx s) X k : inr s i -> Partial (fun X => at_ s X i) X k (unit_ s i k).
Proof. intros Hi. eexists. split; [now apply D_var|]. now rewrite at_tab. Qed.

Lemma P_cst (c : R) X k : Partial (fun _ => c) X k 0.
Proof. eexists. split; [apply D_cst|]. now rewrite at_tab. Qed.

Lemma P_plus a b X k da db : Partial a X k da -> Partial b X k db -> Partial (fun X => a X + b X) X k (da + db).
Proof.
  intros [g [Da Ha]] [h [Db Hb]]. eexists. split; [exact (D_plus s a b X g h Da Db)|]. now rewrite at_tab, Ha, Hb.
Qed.

Lemma P_mult a b X k da db : Partial a X k da -> Partial b X k db ->
  Partial (fun X => a X * b X) X k (da * b X + a X * db).
Proof.
  intros [g [Da Ha]] [h [Db Hb]]. eexists. split; [exact (D_mult s a b X g h Da Db)|]. now rewrite at_tab, Ha, Hb.
Qed.

Lemma P_sum n (a : nat -> tensor s -> R) X k (da : nat -> R) :
  (forall i, (i < n)%nat -> Partial (a i) X k (da i)) ->
  Partial (fun X => sum n (fun i => a i X)) X k (sum n da).
Proof.
  intros H. destruct (finite_choice (tab s (fun _ => 0)) (n :: nil)
                        (fun i g => Grad s (a (fst i)) X g /\ at_ s g k = da (fst i))) as [g Hg].
  - intros [i []] [Hi _]. exact (H i Hi).
  - eexists. split; [apply (D_sum s n a X (fun i => g (i, tt)))|].
    + intros i Hi. exact (proj1 (Hg (i, tt) (conj Hi I))).
    + rewrite at_tab. apply sum_ext. intros i Hi. exact (proj2 (Hg (i, tt) (conj Hi I))).
Qed.

Lemma P_max n (w : nat -> R) (a : nat -> tensor s -> R) X k (da : nat -> R) :
  (forall i, (i < n)%nat -> w i * w i = w i) ->
  (forall i, (i < n)%nat -> 0 < w i + -1 * a i X + sum n (fun l => w l * a l X)) ->
  sum n w = 1 ->
  (forall i, (i < n)%nat -> Partial (a i) X k (da i)) ->
  Partial (fun X => maximum n (fun i => a i X)) X k (sum n (fun i => w i * da i)).
Proof.
  intros W L S H. destruct (finite_choice (tab s (fun _ => 0)) (n :: nil)
                              (fun i g => Grad s (a (fst i)) X g /\ at_ s g k = da (fst i))) as [g Hg].
  - intros [i []] [Hi _]. exact (H i Hi).
  - eexists. split; [apply (D_max s n w a X (fun i => g (i, tt)) W L S)|].
    + intros i Hi. exact (proj1 (Hg (i, tt) (conj Hi I))).
    + rewrite at_tab. apply sum_ext. intros i Hi. now rewrite (proj2 (Hg (i, tt) (conj Hi I))).
Qed.

Lemma P_exp a X k da : Partial a X k da -> Partial (fun X => exp (a X)) X k (exp (a X) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_exp s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_ln a X k da : Partial a X k da -> 0 < a X -> Partial (fun X => ln (a X)) X k (/ a X * da).
Proof. intros [g [D H]] P. eexists. split; [exact (D_ln s a X g D P)|]. now rewrite at_tab, H. Qed.

Lemma P_inv a X k da : Partial a X k da -> a X <> 0 -> Partial (fun X => / a X) X k (-1 * (/ a X * / a X) * da).
Proof. intros [g [D H]] P. eexists. split; [exact (D_inv s a X g D P)|]. now rewrite at_tab, H. Qed.

Lemma P_ind a X k da : Partial a X k da -> a X <> 0 -> Partial (fun X => ind (a X)) X k 0.
Proof. intros [g [D H]] P. eexists. split; [exact (D_ind s a X g D P)|]. now rewrite at_tab. Qed.

Lemma P_sqrt a X k da : Partial a X k da -> 0 < a X -> Partial (fun X => sqrt (a X)) X k (/ (2 * sqrt (a X)) * da).
Proof. intros [g [D H]] P. eexists. split; [exact (D_sqrt s a X g D P)|]. now rewrite at_tab, H. Qed.

Lemma P_tanh a X k da : Partial a X k da ->
  Partial (fun X => tanh (a X)) X k ((1 + -1 * (tanh (a X) * tanh (a X))) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_tanh s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_sigmoid a X k da : Partial a X k da ->
  Partial (fun X => sigmoid (a X)) X k (sigmoid (a X) * (1 + -1 * sigmoid (a X)) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_sigmoid s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_softplus a X k da : Partial a X k da -> Partial (fun X => softplus (a X)) X k (sigmoid (a X) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_softplus s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_erf a X k da : Partial a X k da ->
  Partial (fun X => erf (a X)) X k (2 * / sqrt PI * exp (-1 * (a X * a X)) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_erf s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_sin a X k da : Partial a X k da -> Partial (fun X => sin (a X)) X k (cos (a X) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_sin s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_cos a X k da : Partial a X k da -> Partial (fun X => cos (a X)) X k (-1 * sin (a X) * da).
Proof. intros [g [D H]]. eexists. split; [exact (D_cos s a X g D)|]. now rewrite at_tab, H. Qed.

Lemma P_map f f' X k : Smooth s f f' -> Partial f X k (at_ s (f' X) k).
Proof. intros H. apply P_of_D. apply H. Qed.

End Partials.

Lemma P_comp s t (e : tensor s -> R) (G : tensor t -> tensor s) (T : tensor t) l (d h : tensor s) :
  Grad s e (G T) d ->
  all s (fun k => Partial t (fun T => at_ s (G T) k) T l (at_ s h k)) ->
  Partial t (fun T => e (G T)) T l (total s (fun k => at_ s d k * at_ s h k)).
Proof.
  intros De P. rewrite all_iff in P. destruct (finite_choice (tab t (fun _ => 0)) s _ P) as [g Hg].
  eexists. split.
  - apply (D_comp s t e G T d (tab s g) De). apply all_iff. intros k Hk. rewrite at_tab. exact (proj1 (Hg k Hk)).
  - rewrite at_tab. apply total_ext. intros k Hk. rewrite at_tab. now rewrite (proj2 (Hg k Hk)).
Qed.

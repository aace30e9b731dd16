(** * What a gradient is, in plain numbers: Frechet's definition

    Prelude.v defines Grad through whatever a tensor depends on, which is how the rules use it. Here is the
    definition of a first course, and that the two say the same. *)

From Backproof Require Import Prelude.

Section Frechet.

(** The definition of diff, in numbers *)
Lemma diff_epsilon {U : NormedModule R_AbsRing} (f : U -> R) (u : U) (l : U -> R) :
  diff f u l <-> is_linear (V := R_NormedModule) l /\ forall eps : posreal,
    locally u (fun v => Rabs (f v - f u - l (minus v u)) <= eps * norm (minus v u)).
Proof.
  split.
  - intros [L D]. split; [exact L|]. exact (D u (fun P H => H)).
  - intros [L D]. split; [exact L|]. intros x Hx.
    apply is_filter_lim_locally_unique in Hx. subst x. exact D.
Qed.

Variable s : list nat.
Implicit Types (e : tensor s -> R) (X Y g : tensor s).

(** Frechet's definition: e(Y) = e(X) + sum_k g[k] (Y[k] - X[k]) but for what is small against sum_k |Y[k] - X[k]| *)
Definition frechet e X g : Prop := forall eps : posreal, exists r : posreal, forall Y,
  (forall k, inr s k -> Rabs (at_ s Y k - at_ s X k) < r) ->
  Rabs (e Y - e X - total s (fun k => at_ s g k * (at_ s Y k - at_ s X k)))
  <= eps * total s (fun k => Rabs (at_ s Y k - at_ s X k)).

(** Entries that are differentiable are near, and no further than a multiple of the distance of the parameters *)
Lemma diff_bound {U : NormedModule R_AbsRing} (f : U -> R) (u : U) (l : U -> R) : diff f u l ->
  exists C : posreal, locally u (fun v => Rabs (f v - f u) <= C * norm (minus v u)).
Proof.
  intros D. apply diff_epsilon in D. destruct D as [L D]. destruct (linear_norm _ L) as [M [HM N]].
  assert (P : 0 < 1 + M) by lra. exists (mkposreal _ P).
  apply (filter_imp (F := locally u)) with (2 := D (mkposreal 1 Rlt_0_1)). intros v Hv. simpl in *.
  specialize (N (minus v u)). change (norm (l (minus v u))) with (Rabs (l (minus v u))) in N.
  replace (f v - f u) with ((f v - f u - l (minus v u)) + l (minus v u)) by ring.
  eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.

Lemma total_bound {U : NormedModule R_AbsRing} t (Y Y' : U -> tensor t) (u : U) :
  (forall k, inr t k -> diff (fun v => at_ t (Y v) k) u (fun v => at_ t (Y' v) k)) ->
  exists C : posreal, locally u (fun v =>
    total t (fun k => Rabs (at_ t (Y v) k - at_ t (Y u) k)) <= C * norm (minus v u)).
Proof.
  revert Y Y'. induction t as [|n t IH]; intros Y Y' H; [exact (diff_bound _ u _ (H tt I))|].
  simpl in *. revert H.
  assert (G : forall m, (m <= n)%nat -> (forall i, (i < m)%nat -> forall k, inr t k ->
      diff (fun v => at_ t (Y v i) k) u (fun v => at_ t (Y' v i) k)) ->
    exists C : posreal, locally u (fun v =>
      sum m (fun i => total t (fun k => Rabs (at_ t (Y v i) k - at_ t (Y u i) k))) <= C * norm (minus v u))).
  { induction m as [|m IHm]; intros Hm H; simpl.
    - exists (mkposreal 1 Rlt_0_1). apply filter_forall. intros v. simpl. rewrite Rmult_1_l. apply norm_ge_0.
    - destruct IHm as [C HC]; [lia|intros i Hi; apply H; lia|].
      destruct (IH (fun v => Y v m) (fun v => Y' v m)) as [B HB]; [intros k Hk; apply H; [lia|exact Hk]|].
      pose proof (cond_pos C). pose proof (cond_pos B). assert (P : 0 < C + B) by lra.
      exists (mkposreal _ P). generalize (filter_and _ _ HC HB). apply filter_imp. intros v [Hc Hb]. simpl. lra. }
  intros H. apply (G n (Nat.le_refl n)). intros i Hi k Hk. exact (H (i, k) (conj Hi Hk)).
Qed.

Lemma locally_all {U : NormedModule R_AbsRing} t (u : U) (P : idx t -> U -> Prop) :
  (forall k, inr t k -> locally u (P k)) -> locally u (fun v => forall k, inr t k -> P k v).
Proof.
  induction t as [|n t IH]; intros H.
  - generalize (H tt I). apply filter_imp. now intros v Hv [] _.
  - assert (G : forall m, (m <= n)%nat ->
      locally u (fun v => forall i, (i < m)%nat -> forall k, inr t k -> P (i, k) v)).
    { induction m as [|m IHm]; intros Hm; [apply filter_forall; intros; lia|].
      assert (A := IHm (Nat.lt_le_incl _ _ Hm)).
      assert (B := IH (fun k => P (m, k)) (fun k Hk => H (m, k) (conj Hm Hk))).
      generalize (filter_and _ _ A B). apply filter_imp. intros v [Ha Hb] i Hi k Hk.
      destruct (Nat.eq_dec i m) as [->|E]; [now apply Hb|apply Ha; [lia|exact Hk]]. }
    generalize (G n (Nat.le_refl n)). apply filter_imp. intros v Hv [i k] [Hi Hk]. now apply Hv.
Qed.

(** What is differentiable in Frechet's sense is so along all parameters *)
Theorem D_of_frechet e X g : frechet e X g -> Grad s e X g.
Proof.
  intros F U u Y Y' HY HD.
  assert (DL : diff (fun v => dot s g (Y v)) u (fun v => dot s g (Y' v))).
  { apply (diff_total s (fun k v => at_ s g k * at_ s (Y v) k) (fun k v => at_ s g k * at_ s (Y' v) k)).
    intros k Hk. apply (diff_ext_lin _ _ (fun v => 0 * at_ s (Y u) k + at_ s g k * at_ s (Y' v) k)); [intros; ring|].
    apply (diff_mult (fun _ => at_ s g k) (fun v => at_ s (Y v) k)); [apply diff_const|now apply HD]. }
  destruct (total_bound s Y Y' u HD) as [C HC].
  apply diff_epsilon in DL. destruct DL as [L DL]. apply diff_epsilon. split; [exact L|]. intros eps.
  assert (E1 : 0 < eps / 2 / C) by (repeat apply Rdiv_lt_0_compat; try apply cond_pos; lra).
  assert (E2 : 0 < eps / 2) by (apply Rdiv_lt_0_compat; [apply cond_pos|lra]).
  destruct (F (mkposreal _ E1)) as [r Hr].
  assert (N : locally u (fun v => forall k, inr s k -> Rabs (at_ s (Y v) k - at_ s (Y u) k) < r)).
  { apply locally_all. intros k Hk.
    assert (K : continuous (fun v => at_ s (Y v) k : R_UniformSpace) u).
    { apply (filterdiff_continuous (K := R_AbsRing) (V := R_NormedModule)). eexists. exact (HD k Hk). }
    exact (K _ (locally_ball (T := R_UniformSpace) (at_ s (Y u) k) r)). }
  generalize (filter_and _ _ N (filter_and _ _ HC (DL (mkposreal _ E2)))). apply filter_imp.
  intros v [Nv [Cv Dv]]. subst X. specialize (Hr (Y v) Nv). simpl in *.
  assert (T : total s (fun k => at_ s g k * (at_ s (Y v) k - at_ s (Y u) k)) = dot s g (Y v) - dot s g (Y u)).
  { unfold dot. replace (total s (fun k => at_ s g k * at_ s (Y v) k) - total s (fun k => at_ s g k * at_ s (Y u) k))
      with (total s (fun k => at_ s g k * at_ s (Y v) k) + -1 * total s (fun k => at_ s g k * at_ s (Y u) k)) by ring.
    rewrite <- total_factor, <- total_add. apply total_ext. intros k _. ring. }
  rewrite T in Hr.
  replace (e (Y v) - e (Y u) - dot s g (Y' (minus v u))) with
    ((e (Y v) - e (Y u) - (dot s g (Y v) - dot s g (Y u))) + (dot s g (Y v) - dot s g (Y u) - dot s g (Y' (minus v u))))
    by ring.
  eapply Rle_trans; [apply Rabs_triang|].
  assert (Q : eps / 2 / C * total s (fun k => Rabs (at_ s (Y v) k - at_ s (Y u) k)) <= eps / 2 * norm (minus v u)).
  { apply Rle_trans with (eps / 2 / C * (C * norm (minus v u))).
    - apply Rmult_le_compat_l; [lra|exact Cv].
    - right. field. apply Rgt_not_eq, cond_pos. }
  lra.
Qed.

End Frechet.

(** Conversely: tensors of shape s as a normed module. Where there is no entry, a number stands for nothing. *)

Fixpoint power (n : nat) (V : NormedModule R_AbsRing) : NormedModule R_AbsRing :=
  match n with
  | O => R_NormedModule
  | S n => prod_NormedModule R_AbsRing (power n V) V
  end.

Fixpoint space (s : list nat) : NormedModule R_AbsRing :=
  match s with
  | nil => R_NormedModule
  | n :: s => power n (space s)
  end.

(** Entry i of a power; the power of n things *)
Fixpoint entry {V : NormedModule R_AbsRing} (n : nat) : power n V -> nat -> V :=
  match n with
  | O => fun _ _ => zero
  | S n => fun v i => if Nat.eq_dec i n then snd v else entry n (fst v) i
  end.

Fixpoint list_of {V : NormedModule R_AbsRing} (n : nat) (f : nat -> V) : power n V :=
  match n with
  | O => (0 : R)
  | S n => (list_of n f, f n)
  end.

Fixpoint read (s : list nat) : space s -> tensor s :=
  match s with
  | nil => fun v => v
  | n :: s => fun v i => read s (entry n v i)
  end.

Fixpoint write (s : list nat) : tensor s -> space s :=
  match s with
  | nil => fun X => X
  | n :: s => fun X => list_of n (fun i => write s (X i))
  end.

Lemma entry_list_of {V : NormedModule R_AbsRing} n (f : nat -> V) i : (i < n)%nat -> entry n (list_of n f) i = f i.
Proof.
  induction n as [|n IH]; intros H; [lia|]. simpl. destruct (Nat.eq_dec i n) as [->|E]; [reflexivity|apply IH; lia].
Qed.

Lemma read_write s X k : inr s k -> at_ s (read s (write s X)) k = at_ s X k.
Proof.
  induction s as [|n s IH]; [reflexivity|]. destruct k as [i k]. intros [Hi Hk]. simpl in *.
  rewrite entry_list_of by exact Hi. now apply IH.
Qed.

Lemma is_linear_entry {V : NormedModule R_AbsRing} n i : is_linear (fun v : power n V => entry n v i).
Proof.
  induction n as [|n IH]; simpl; [apply (is_linear_zero (U := R_NormedModule))|].
  destruct (Nat.eq_dec i n).
  - apply (is_linear_snd (U := power n V) (V := V)).
  - exact (is_linear_comp (fun v : prod_NormedModule R_AbsRing (power n V) V => fst v) (fun v => entry n v i)
             is_linear_fst IH).
Qed.

Lemma is_linear_read s k : is_linear (V := R_NormedModule) (fun v : space s => at_ s (read s v) k).
Proof.
  induction s as [|n s IH]; simpl; [apply (is_linear_id (V := R_NormedModule))|].
  exact (is_linear_comp (fun v : power n (space s) => entry n v (fst k))
           (fun v : space s => at_ s (read s v) (snd k)) (is_linear_entry n _) (IH _)).
Qed.

Lemma norm_pair {U V : NormedModule R_AbsRing} (u : U) (v : V) :
  norm ((u, v) : prod_NormedModule R_AbsRing U V) <= norm u + norm v.
Proof.
  change (sqrt (norm u ^ 2 + norm v ^ 2) <= norm u + norm v).
  pose proof (norm_ge_0 u). pose proof (norm_ge_0 v).
  rewrite <- (sqrt_Rsqr (norm u + norm v)) by lra. apply sqrt_le_1_alt. unfold Rsqr. nra.
Qed.

Lemma norm_write s X Y : norm (minus (write s Y) (write s X)) <= total s (fun k => Rabs (at_ s Y k - at_ s X k)).
Proof.
  induction s as [|n s IH]; [apply Rle_refl|]. simpl. induction n as [|n IHn]; simpl.
  - change (Rabs (0 + - 0) <= 0). rewrite Ropp_0, Rplus_0_l, Rabs_R0. apply Rle_refl.
  - eapply Rle_trans; [apply (norm_pair (minus (list_of n _) (list_of n _)) (minus _ _))|].
    apply Rplus_le_compat; [exact (IHn X Y)|apply IH].
Qed.

Lemma ball_write s X Y (r : posreal) : (forall k, inr s k -> Rabs (at_ s Y k - at_ s X k) < r) ->
  ball (write s X) r (write s Y).
Proof.
  induction s as [|n s IH]; intros H; [exact (H tt I)|]. simpl in *.
  induction n as [|n IHn]; simpl; [apply (ball_center (0 : R_UniformSpace))|]. split; simpl.
  - apply IHn. intros k [Hi Hk]. apply H. split; [lia|exact Hk].
  - apply IH. intros k Hk. apply (H (n, k)). split; [simpl; lia|exact Hk].
Qed.

(** Grad is Frechet differentiability, for functions that look only at entries in range *)
Theorem D_frechet s (e : tensor s -> R) (X g : tensor s) :
  (forall Y Z, all s (fun k => at_ s Y k = at_ s Z k) -> e Y = e Z) -> (Grad s e X g <-> frechet s e X g).
Proof.
  intros Local. split; [|apply D_of_frechet]. intros D eps.
  assert (RW : forall Y, e (read s (write s Y)) = e Y).
  { intros Y. apply Local, all_iff. intros k Hk. now apply read_write. }
  assert (E : diff (fun v => e (read s v)) (write s X) (fun v => dot s g (read s v))).
  { apply (D_value s _ _ _ g) in D; [|now apply all_iff].
    apply (diff_ext (fun v => e (tab s (fun k => at_ s (read s v) k + (at_ s X k - at_ s (read s (write s X)) k))))).
    - intros v. apply Local, all_iff. intros k Hk. rewrite at_tab, (read_write s X k Hk). ring.
    - apply (D (space s) (write s X)
        (fun v => tab s (fun k => at_ s (read s v) k + (at_ s X k - at_ s (read s (write s X)) k))) (read s)).
      + apply arr_ext. intros k. rewrite at_tab. ring.
      + intros k _. apply (diff_ext (fun v => at_ s (read s v) k + (at_ s X k - at_ s (read s (write s X)) k))).
        * intros v. now rewrite at_tab.
        * apply (diff_ext_lin _ _ (fun v => at_ s (read s v) k + 0)); [intros v; ring|].
          apply diff_plus; [|apply diff_const].
          exact (filterdiff_linear (V := R_NormedModule) _ (is_linear_read s k)). }
  apply diff_epsilon in E. destruct E as [_ E]. destruct (E eps) as [r Hr]. exists r. intros Y HY.
  specialize (Hr (write s Y) (ball_write s X Y r HY)). simpl in Hr. rewrite !RW in Hr.
  assert (T : dot s g (read s (minus (write s Y) (write s X)))
              = total s (fun k => at_ s g k * (at_ s Y k - at_ s X k))).
  { apply total_ext. intros k Hk.
    rewrite (linear_minus (V := R_NormedModule) (fun v : space s => at_ s (read s v) k) _ _ (is_linear_read s k)).
    now rewrite !read_write by exact Hk. }
  rewrite T in Hr. eapply Rle_trans; [exact Hr|]. apply Rmult_le_compat_l; [apply Rlt_le, cond_pos|apply norm_write].
Qed.

(** Every theorem of this file, and the axioms that they rest on *)
Definition frechet_theorems :=
  (@D_of_frechet, @D_frechet).
Print Assumptions frechet_theorems.

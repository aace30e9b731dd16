(** * The chain rule and its iterate (claims chain.scalar, chain.rule)

    For functions of one number, for maps of any normed modules, for maps of vectors entry by entry, and for the
    composition of any number of maps, each with its own number of inputs and outputs. *)

From Backproof Require Import Prelude.

(** (f o g)'(x) = f'(g(x)) g'(x) *)
Theorem chain_scalar (f g : R -> R) (x df dg : R) :
  is_derive g x dg -> is_derive f (g x) df -> is_derive (fun x => f (g x)) x (df * dg).
Proof.
  intros Hg Hf. apply (diff_is_derive _ _ _ (fun t => df * (t * dg))).
  - exact (@diff_unary R_NormedModule f df g x (fun t => t * dg) Hf Hg).
  - intros t. ring.
Qed.

(** D(f o g) = Df o Dg, in Frechet's sense, between any normed modules *)
Theorem chain_rule {U V W : NormedModule R_AbsRing} (f : V -> W) (g : U -> V) (x : U) (Df : V -> W) (Dg : U -> V) :
  filterdiff g (locally x) Dg -> filterdiff f (locally (g x)) Df ->
  filterdiff (fun x => f (g x)) (locally x) (fun v => Df (Dg v)).
Proof. intros Hg Hf. exact (filterdiff_comp' g f x Dg Df Hg Hf). Qed.

(** Entry by entry: D(f o g)[i, k] = sum_j Df[i, j] Dg[j, k] *)
Theorem chain_rule_entries n m p (f g : (nat -> R) -> nat -> R) (x : nat -> R) (Df Dg : nat -> nat -> R) :
  (forall j, (j < m)%nat -> Grad [n] (fun x => g x j) x (fun k => Dg j k)) ->
  (forall i, (i < p)%nat -> Grad [m] (fun y => f y i) (g x) (fun j => Df i j)) ->
  forall i, (i < p)%nat -> Grad [n] (fun x => f (g x) i) x (fun k => sum m (fun j => Df i j * Dg j k)).
Proof. intros Hg Hf i Hi. exact (D_comp [m] [n] (fun y => f y i) g x (Df i) Dg (Hf i Hi) Hg). Qed.

(** ** Any number of maps *)

Section Iterate.

(** Functions of one number: the derivative of f_k o ... o f_1 is the product of theirs, each where its argument is *)
Fixpoint compose_scalar (fs : list ((R -> R) * (R -> R))) (x : R) : R :=
  match fs with
  | nil => x
  | f :: fs => compose_scalar fs (fst f x)
  end.

Fixpoint product_of_slopes (fs : list ((R -> R) * (R -> R))) (x : R) : R :=
  match fs with
  | nil => 1
  | f :: fs => product_of_slopes fs (fst f x) * snd f x
  end.

Fixpoint derivable_along (fs : list ((R -> R) * (R -> R))) (x : R) : Prop :=
  match fs with
  | nil => True
  | f :: fs => is_derive (fst f) x (snd f x) /\ derivable_along fs (fst f x)
  end.

Theorem chain_scalar_iterate fs x : derivable_along fs x ->
  is_derive (compose_scalar fs) x (product_of_slopes fs x).
Proof.
  revert x. induction fs as [|f fs IH]; intros x H; simpl; [exact (@is_derive_id R_AbsRing x)|].
  destruct H as [Hf H]. exact (chain_scalar _ _ x _ _ Hf (IH _ H)).
Qed.

(** A map of vectors: how many entries its values have, what it is, and its Jacobian *)
Record vector_map := { map_width : nat; map_value : (nat -> R) -> nat -> R; slope : (nat -> R) -> nat -> nat -> R }.

Definition differentiable (n : nat) (f : vector_map) (x : nat -> R) : Prop :=
  forall i, (i < map_width f)%nat -> Grad [n] (fun x => map_value f x i) x (fun k => slope f x i k).

(** f_k o ... o f_1, the number of entries of its values, and the product of Jacobians Df_k ... Df_1 *)
Fixpoint compose (fs : list vector_map) (x : nat -> R) : nat -> R :=
  match fs with
  | nil => x
  | f :: fs => compose fs (map_value f x)
  end.

Fixpoint entries (n : nat) (fs : list vector_map) : nat :=
  match fs with
  | nil => n
  | f :: fs => entries (map_width f) fs
  end.

Fixpoint jacobian (fs : list vector_map) (x : nat -> R) (i k : nat) : R :=
  match fs with
  | nil => delta i k
  | f :: fs => sum (map_width f) (fun j => jacobian fs (map_value f x) i j * slope f x j k)
  end.

Fixpoint differentiable_along (n : nat) (fs : list vector_map) (x : nat -> R) : Prop :=
  match fs with
  | nil => True
  | f :: fs => differentiable n f x /\ differentiable_along (map_width f) fs (map_value f x)
  end.

(** D(f_k o ... o f_1) = Df_k ... Df_1 *)
Theorem chain_iterate n fs x : differentiable_along n fs x ->
  forall i, (i < entries n fs)%nat -> Grad [n] (fun x => compose fs x i) x (fun k => jacobian fs x i k).
Proof.
  revert n x. induction fs as [|f fs IH]; intros n x H i Hi.
  - exact (D_var [n] (i, tt) x (conj Hi I)).
  - destruct H as [Hf H].
    exact (D_comp [map_width f] [n] (fun y => compose fs y i) (map_value f) x (jacobian fs (map_value f x) i)
             (slope f x) (IH _ _ H i Hi) Hf).
Qed.

(** Backwards, from the gradient d of L at the output to that at the input: one product with a transposed Jacobian at
    a time *)
Fixpoint pull_back (fs : list vector_map) (x d : nat -> R) (k : nat) : R :=
  match fs with
  | nil => d k
  | f :: fs => sum (map_width f) (fun j => slope f x j k * pull_back fs (map_value f x) d j)
  end.

(** Information flows forward, gradients flow backward: the gradient of L o f_k o ... o f_1 *)
Theorem chain_backward n fs x (L : (nat -> R) -> R) (d : nat -> R) :
  differentiable_along n fs x -> Grad [entries n fs] L (compose fs x) d ->
  Grad [n] (fun x => L (compose fs x)) x (fun k => pull_back fs x d k).
Proof.
  revert n x. induction fs as [|f fs IH]; intros n x H HL; [exact HL|]. destruct H as [Hf H].
  apply (D_value [n] _ _ (fun k => sum (map_width f) (fun j => pull_back fs (map_value f x) d j * slope f x j k))).
  - intros k _. apply sum_ext. intros j _. apply Rmult_comm.
  - exact (D_comp [map_width f] [n] (fun y => L (compose fs y)) (map_value f) x _ (slope f x) (IH _ _ H HL) Hf).
Qed.

(** It is the product of all Jacobians, transposed, with d *)
Theorem pull_back_jacobian n fs x d k : (k < n)%nat ->
  pull_back fs x d k = sum (entries n fs) (fun i => jacobian fs x i k * d i).
Proof.
  revert n x k. induction fs as [|f fs IH]; intros n x k Hk; simpl.
  - now rewrite sum_delta.
  - transitivity (sum (map_width f) (fun j => sum (entries (map_width f) fs) (fun i =>
      jacobian fs (map_value f x) i j * slope f x j k * d i))).
    + apply sum_ext. intros j Hj. rewrite (IH (map_width f)) by exact Hj. rewrite <- sum_factor.
      apply sum_ext. intros i _. ring.
    + rewrite sum_swap. apply sum_ext. intros i _. apply sum_factor_r.
Qed.

End Iterate.

(** Every theorem of this file, and the axioms that they rest on *)
Definition chain_theorems :=
  (@chain_scalar, @chain_rule, @chain_rule_entries, @chain_scalar_iterate, @chain_iterate, @chain_backward,
   @pull_back_jacobian).
Print Assumptions chain_theorems.

(** * A network of any number of layers of any widths (claims network.forward, network.dX, network.dW, network.db)

    Z_l = W_l Y_{l-1} + b_l 1^T and Y_l = relu(Z_l), or Y_l = Z_l; Y_0 = X; a batch has p columns. A loss of the last Y
    is differentiated through all layers, by induction on their list: first jointly in X and in all W_l and b_l at once,
    then by each of them alone. The network of the notes has the identity in its last layer, which makes softmax and
    cross-entropy part of the loss. *)

From Backproof Require Import Prelude Linear Relu Softmax.

Local Notation matrix := (nat -> nat -> R).
Local Notation vector := (nat -> R).

(** ** Forward *)

Section Forward.

Inductive activation := Rectify | Identity.

(** A layer with as many inputs as the layer before has rows *)
Record layer := Layer { rows : nat; act : activation; weight : matrix; bias : vector }.

(** Z = W Y + b 1^T for a layer of n inputs *)
Definition preact (n : nat) (l : layer) (Y : matrix) : matrix := linear n (weight l) Y (bias l).

Definition activate (a : activation) (Z : matrix) : matrix :=
  match a with
  | Rectify => fun i s => relu (Z i s)
  | Identity => Z
  end.

Definition value (n : nat) (l : layer) (Y : matrix) : matrix := activate (act l) (preact n l Y).

(** The last Y, from Y_0 with n rows, and how many rows it has *)
Fixpoint forward (n : nat) (net : list layer) (Y : matrix) : matrix :=
  match net with
  | nil => Y
  | l :: net => forward (rows l) net (value n l Y)
  end.

Fixpoint outputs (n : nat) (net : list layer) : nat :=
  match net with
  | nil => n
  | l :: net => outputs (rows l) net
  end.

(** No entry of Z is 0, in range, where the layer has a kink; so in every layer *)
Definition off_kink (a : activation) (m p : nat) (Z : matrix) : Prop :=
  match a with
  | Rectify => forall i, (i < m)%nat -> forall s, (s < p)%nat -> Z i s <> 0
  | Identity => True
  end.

Fixpoint off_kinks (n p : nat) (net : list layer) (Y : matrix) : Prop :=
  match net with
  | nil => True
  | l :: net => off_kink (act l) (rows l) p (preact n l Y) /\ off_kinks (rows l) p net (value n l Y)
  end.

Lemma outputs_app n pre post : outputs n (pre ++ post) = outputs (outputs n pre) post.
Proof. revert n. induction pre as [|l pre IH]; intros n; [reflexivity|apply IH]. Qed.

Lemma forward_app n pre post X : forward n (pre ++ post) X = forward (outputs n pre) post (forward n pre X).
Proof. revert n X. induction pre as [|l pre IH]; intros n X; [reflexivity|apply IH]. Qed.

(** Y_l = relu(W_l Y_{l-1} + b_l 1^T), or without relu, in terms of numbers *)
Theorem network_forward n pre l X i s : forward n (pre ++ [l]) X i s
  = let z := sum (outputs n pre) (fun j => weight l i j * forward n pre X j s) + bias l i in
    match act l with
    | Rectify => relu z
    | Identity => z
    end.
Proof. rewrite forward_app. simpl. unfold value. destruct (act l); reflexivity. Qed.

End Forward.

(** ** Backward *)

Section Backward.

(** dZ = dY o 1[Z >= 0], or dY *)
Definition gate (a : activation) (Z dY : matrix) : matrix :=
  match a with
  | Rectify => fun i s => dY i s * ind (Z i s)
  | Identity => dY
  end.

(** dY_0, where the last dY is d: dY_{l-1} = W_l^T dZ_l, dZ_l = dY_l o 1[Z_l >= 0] *)
Fixpoint backward (n : nat) (net : list layer) (Y d : matrix) : matrix :=
  match net with
  | nil => d
  | l :: net =>
    back_Y (rows l) (weight l) (gate (act l) (preact n l Y) (backward (rows l) net (value n l Y) d))
  end.

(** dZ of layer l, whose input is Y and after which come the layers post *)
Definition back_Z (n : nat) (l : layer) (post : list layer) (Y d : matrix) : matrix :=
  gate (act l) (preact n l Y) (backward (rows l) post (value n l Y) d).

(** dW_l = dZ_l Y_{l-1}^T and db_l = dZ_l 1 of all layers *)
Fixpoint gradients (n p : nat) (net : list layer) (Y d : matrix) : list (matrix * vector) :=
  match net with
  | nil => nil
  | l :: net =>
    (back_W p (back_Z n l net Y d) Y, back_b p (back_Z n l net Y d)) :: gradients (rows l) p net (value n l Y) d
  end.

(** The last layer: dZ_k = d o 1[Z_k >= 0], or d *)
Theorem network_last n l Y d : back_Z n l nil Y d = gate (act l) (preact n l Y) d.
Proof. reflexivity. Qed.

(** One step back: dZ_l = (W_{l+1}^T dZ_{l+1}) o 1[Z_l >= 0], or without the indicator *)
Theorem network_step n l next post Y d : back_Z n l (next :: post) Y d
  = gate (act l) (preact n l Y)
         (fun j s => sum (rows next) (fun i => weight next i j * back_Z (rows l) next post (value n l Y) d i s)).
Proof. reflexivity. Qed.

(** The first layer: dX = W_1^T dZ_1 *)
Theorem network_first n l post X d i s :
  backward n (l :: post) X d i s = sum (rows l) (fun k => weight l k i * back_Z n l post X d k s).
Proof. reflexivity. Qed.

(** Place l of all gradients *)
Theorem network_gradients_nth n p pre l post X d :
  nth_error (gradients n p (pre ++ l :: post) X d) (length pre)
  = let Y := forward n pre X in
    let dZ := back_Z (outputs n pre) l post Y d in Some (back_W p dZ Y, back_b p dZ).
Proof. revert n X. induction pre as [|k pre IH]; intros n X; [reflexivity|apply IH]. Qed.

(** gate is its own adjoint *)
Lemma dot_gate a m p (Z dY H : matrix) : dot [m; p] dY (gate a Z H) = dot [m; p] (gate a Z dY) H.
Proof. destruct a; [|reflexivity]. apply total_ext. intros [i [s []]] _. simpl. ring. Qed.

End Backward.

(** ** All parameters and the input at once *)

Section Joint.

Context {U : NormedModule R_AbsRing}.

(** A layer that moves with a parameter in U, and the derivatives of its entries *)
Record moving := Moving {
  m_rows : nat; m_act : activation; m_weight : U -> matrix; m_bias : U -> vector;
  weight' : U -> matrix; bias' : U -> vector }.

Definition at_point (v : U) (l : moving) : layer := Layer (m_rows l) (m_act l) (m_weight l v) (m_bias l v).

Fixpoint moves (n : nat) (u : U) (net : list moving) : Prop :=
  match net with
  | nil => True
  | l :: net =>
    (forall i, (i < m_rows l)%nat -> forall j, (j < n)%nat ->
       diff (fun v => m_weight l v i j) u (fun v => weight' l v i j)) /\
    (forall i, (i < m_rows l)%nat -> diff (fun v => m_bias l v i) u (fun v => bias' l v i)) /\
    moves (m_rows l) u net
  end.

(** sum_l <dW_l, W_l'> + <db_l, b_l'> *)
Fixpoint pairing (n : nat) (grads : list (matrix * vector)) (net : list moving) (v : U) : R :=
  match grads, net with
  | (dW, db) :: grads, l :: net =>
    dot [m_rows l; n] dW (weight' l v) + dot [m_rows l] db (bias' l v) + pairing (m_rows l) grads net v
  | _, _ => 0
  end.

Lemma activate_diff a m p (u : U) (Z Z' : U -> matrix) i s :
  off_kink a m p (Z u) -> (i < m)%nat -> (s < p)%nat ->
  diff (fun v => Z v i s) u (fun v => Z' v i s) ->
  diff (fun v => activate a (Z v) i s) u (fun v => gate a (Z u) (Z' v) i s).
Proof.
  intros K Hi Hs D. destruct a; [|exact D]. simpl.
  apply (diff_ext_lin _ _ (fun v => ind (Z u i s) * Z' v i s)); [intros v; apply Rmult_comm|].
  apply (diff_unary relu (ind (Z u i s)) (fun v => Z v i s)); [|exact D]. apply relu_derive. now apply K.
Qed.

(** The loss L(Y_k) is differentiable in X and all W_l and b_l together:
    dL = sum_l (<dZ_l Y_{l-1}^T, dW_l> + <dZ_l 1, db_l>) + <dX, X'> *)
Theorem network_joint n p (u : U) (net : list moving) (X X' : U -> matrix) (L : matrix -> R) (d : matrix) :
  let still := map (at_point u) net in
  moves n u net ->
  (forall j, (j < n)%nat -> forall s, (s < p)%nat -> diff (fun v => X v j s) u (fun v => X' v j s)) ->
  off_kinks n p still (X u) ->
  Grad [outputs n still; p] L (forward n still (X u)) d ->
  diff (fun v => L (forward n (map (at_point v) net) (X v))) u
       (fun v => pairing n (gradients n p still (X u) d) net v + dot [n; p] (backward n still (X u) d) (X' v)).
Proof.
  simpl. revert n X X'. induction net as [|l net IH]; intros n X X' M HX K HL; simpl.
  - apply (diff_ext_lin _ _ (fun v => dot [n; p] d (X' v))); [intros v; ring|].
    apply (HL U u X X' eq_refl). intros [j [s []]] [Hj [Hs _]]. now apply HX.
  - destruct M as [MW [Mb M]], K as [Kl K]. simpl in Kl.
    pose (Z' := fun (v : U) i s =>
      sum n (fun j => weight' l v i j * X u j s + m_weight l u i j * X' v j s) + bias' l v i).
    set (Z := fun v => preact n (at_point v l) (X v)). fold (Z u) in Kl.
    eapply diff_ext_lin;
      [|apply (IH (m_rows l) (fun v => value n (at_point v l) (X v)) (fun v => gate (m_act l) (Z u) (Z' v)) M)].
    + intros v. simpl. rewrite dot_gate. unfold Z'. rewrite linear_adjoint. unfold back_Z, Z. simpl. ring.
    + intros i Hi s Hs. apply (activate_diff (m_act l) (m_rows l) p u Z Z' i s Kl Hi Hs).
      exact (linear_differential (m_rows l) n p u _ X _ X' _ _ MW HX Mb i Hi s Hs).
    + exact K.
    + exact HL.
Qed.

(** What it says of a loss L with the gradient d: backpropagation from d gives the derivative in X and all W_l and b_l
    together, if no layer is at a kink *)
Definition backpropagates_jointly n p (u : U) (net : list moving) (X X' : U -> matrix) (L : matrix -> R)
  (d : matrix) : Prop :=
  let still := map (at_point u) net in
  moves n u net ->
  (forall j, (j < n)%nat -> forall s, (s < p)%nat -> diff (fun v => X v j s) u (fun v => X' v j s)) ->
  off_kinks n p still (X u) ->
  diff (fun v => L (forward n (map (at_point v) net) (X v))) u
       (fun v => pairing n (gradients n p still (X u) d) net v + dot [n; p] (backward n still (X u) d) (X' v)).

End Joint.

(** ** One thing at a time, all else held fixed *)

Section Single.

(** dZ = dY o 1[Z >= 0], or dY, for every function f of Y *)
Theorem activate_dZ a m p (Z : matrix) (f : matrix -> R) (dY : matrix) :
  off_kink a m p Z -> Grad [m; p] f (activate a Z) dY ->
  Grad [m; p] (fun Z => f (activate a Z)) Z (gate a Z dY).
Proof. destruct a; [apply relu_dZ|auto]. Qed.

(** The gradient by the input of the network: dX = dY_0 *)
Theorem network_dX n p net X (L : matrix -> R) (d : matrix) :
  off_kinks n p net X -> Grad [outputs n net; p] L (forward n net X) d ->
  Grad [n; p] (fun X => L (forward n net X)) X (backward n net X d).
Proof.
  revert n X. induction net as [|l net IH]; intros n X K HL; [exact HL|]. destruct K as [Kl K].
  apply (linear_dY (rows l) n p (weight l) X (bias l) (fun Z => L (forward (rows l) net (activate (act l) Z)))).
  apply (activate_dZ (act l) (rows l) p _ (fun Y => L (forward (rows l) net Y)) _ Kl).
  apply IH; [exact K|exact HL].
Qed.

(** By Z of a layer of n inputs Y, which comes before the layers post: dZ *)
Theorem network_dZ n p l post Y (L : matrix -> R) (d : matrix) :
  off_kinks n p (l :: post) Y -> Grad [outputs n (l :: post); p] L (forward n (l :: post) Y) d ->
  Grad [rows l; p] (fun Z => L (forward (rows l) post (activate (act l) Z))) (preact n l Y) (back_Z n l post Y d).
Proof.
  intros [Kl K] HL. apply (activate_dZ (act l) (rows l) p _ (fun Y => L (forward (rows l) post Y)) _ Kl).
  apply (network_dX (rows l) p post _ L d K HL).
Qed.

(** By W of any layer of a network, if from it on none is at a kink: dW_l = dZ_l Y_{l-1}^T *)
Theorem network_dW n p pre l post X (L : matrix -> R) (d : matrix) :
  let net := pre ++ l :: post in
  let Y := forward n pre X in
  let dZ := back_Z (outputs n pre) l post Y d in
  off_kinks (outputs n pre) p (l :: post) Y -> Grad [outputs n net; p] L (forward n net X) d ->
  Grad [rows l; outputs n pre] (fun W => L (forward n (pre ++ Layer (rows l) (act l) W (bias l) :: post) X)) (weight l)
    (fun i j => sum p (fun s => dZ i s * Y j s)).
Proof.
  intros net Y dZ K HL. unfold net in *. rewrite outputs_app, forward_app in HL.
  refine (D_function _ _ _ _ _ _ (linear_dW _ _ p _ _ _ _ _ (network_dZ _ p l post Y L d K HL))).
  intros W. now rewrite forward_app.
Qed.

(** By b of any layer of a network, alike: db_l = dZ_l 1 *)
Theorem network_db n p pre l post X (L : matrix -> R) (d : matrix) :
  let net := pre ++ l :: post in
  let Y := forward n pre X in
  let dZ := back_Z (outputs n pre) l post Y d in
  off_kinks (outputs n pre) p (l :: post) Y -> Grad [outputs n net; p] L (forward n net X) d ->
  Grad [rows l] (fun b => L (forward n (pre ++ Layer (rows l) (act l) (weight l) b :: post) X)) (bias l)
    (fun i => sum p (fun s => dZ i s)).
Proof.
  intros net Y dZ K HL. unfold net in *. rewrite outputs_app, forward_app in HL.
  refine (D_function _ _ _ _ _ _ (linear_db _ _ p _ _ _ _ _ (network_dZ _ p l post Y L d K HL))).
  intros b. now rewrite forward_app.
Qed.

(** The three together: backpropagation from d gives the gradients of the loss L of the network's output. Each asks that
    the layers from its own on are off their kinks, and nothing of those before *)
Definition backpropagates (n p : nat) (net : list layer) (X : matrix) (L : matrix -> R)
  (d : matrix) : Prop :=
  (off_kinks n p net X -> Grad [n; p] (fun X => L (forward n net X)) X (backward n net X d)) /\
  forall pre l post, net = pre ++ l :: post ->
  let Y := forward n pre X in
  let dZ := back_Z (outputs n pre) l post Y d in
  off_kinks (outputs n pre) p (l :: post) Y ->
  Grad [rows l; outputs n pre] (fun W => L (forward n (pre ++ Layer (rows l) (act l) W (bias l) :: post) X)) (weight l)
    (fun i j => sum p (fun s => dZ i s * Y j s)) /\
  Grad [rows l] (fun b => L (forward n (pre ++ Layer (rows l) (act l) (weight l) b :: post) X)) (bias l)
    (fun i => sum p (fun s => dZ i s)).

Theorem backpropagation n p net X L d :
  Grad [outputs n net; p] L (forward n net X) d -> backpropagates n p net X L d.
Proof.
  intros HL. split; [intros K; exact (network_dX n p net X L d K HL)|]. intros pre l post -> Y dZ K. split.
  - exact (network_dW n p pre l post X L d K HL).
  - exact (network_db n p pre l post X L d K HL).
Qed.

(** A loss for each sample, their sum or their mean over the batch *)
Theorem backpropagation_sum n p net X loss (g : nat -> vector) :
  (forall s, (s < p)%nat -> Grad [outputs n net] (loss s) (column (forward n net X) s) (g s)) ->
  backpropagates n p net X (sum_loss p loss) (fun i s => g s i).
Proof. intros H. apply backpropagation. now apply sum_loss_dZ. Qed.

Theorem backpropagation_mean n p net X loss (g : nat -> vector) :
  (forall s, (s < p)%nat -> Grad [outputs n net] (loss s) (column (forward n net X) s) (g s)) ->
  backpropagates n p net X (mean_loss p loss) (fun i s => / INR p * g s i).
Proof. intros H. apply backpropagation. now apply mean_loss_dZ. Qed.

End Single.

(** ** Softmax and cross-entropy of the output: L = - sum P log S, S = softmax(Y_k) *)

Section Classifier.

(** Whatever P is: from d = S (sum P) - P *)
Theorem classifier n p net X P :
  let m := outputs n net in
  let S := softmax_columns m (forward n net X) in
  backpropagates n p net X (softmax_cross_entropy m p P) (fun i s => S i s * sum m (fun k => P k s) - P i s).
Proof. intros m S. apply backpropagation, softmax_cross_entropy_dZ. Qed.

(** Where every column of P sums to 1: from d = S - P *)
Theorem classifier_normalised n p net X P :
  let m := outputs n net in
  let S := softmax_columns m (forward n net X) in
  (forall s, (s < p)%nat -> sum m (fun i => P i s) = 1) ->
  backpropagates n p net X (softmax_cross_entropy m p P) (fun i s => S i s - P i s).
Proof. intros m S H. now apply backpropagation, softmax_cross_entropy_dZ_normalised. Qed.

(** The mean over the batch, L / p: from d = (S (sum P) - P)/p *)
Theorem classifier_mean n p net X P :
  let m := outputs n net in
  let S := softmax_columns m (forward n net X) in
  backpropagates n p net X (mean_softmax_cross_entropy m p P)
    (fun i s => / INR p * (S i s * sum m (fun k => P k s) - P i s)).
Proof. intros m S. apply backpropagation, mean_softmax_cross_entropy_dZ. Qed.

(** L / p where every column of P sums to 1: from d = (S - P)/p *)
Theorem classifier_mean_normalised n p net X P :
  let m := outputs n net in
  let S := softmax_columns m (forward n net X) in
  (forall s, (s < p)%nat -> sum m (fun i => P i s) = 1) ->
  backpropagates n p net X (mean_softmax_cross_entropy m p P) (fun i s => / INR p * (S i s - P i s)).
Proof. intros m S H. now apply backpropagation, mean_softmax_cross_entropy_dZ_normalised. Qed.

(** X and all W_l and b_l at once, from the same d *)
Theorem classifier_joint {U : NormedModule R_AbsRing} n p (u : U) (net : list (@moving U)) (X X' : U -> matrix) P :
  let m := outputs n (map (at_point u) net) in
  let S := softmax_columns m (forward n (map (at_point u) net) (X u)) in
  backpropagates_jointly n p u net X X' (softmax_cross_entropy m p P)
    (fun i s => S i s * sum m (fun k => P k s) - P i s).
Proof. intros m S M HX K. apply network_joint; trivial. apply softmax_cross_entropy_dZ. Qed.

Theorem classifier_joint_normalised {U : NormedModule R_AbsRing} n p (u : U) (net : list (@moving U))
  (X X' : U -> matrix) P :
  let m := outputs n (map (at_point u) net) in
  let S := softmax_columns m (forward n (map (at_point u) net) (X u)) in
  (forall s, (s < p)%nat -> sum m (fun i => P i s) = 1) ->
  backpropagates_jointly n p u net X X' (softmax_cross_entropy m p P) (fun i s => S i s - P i s).
Proof. intros m S H M HX K. apply network_joint; trivial. now apply softmax_cross_entropy_dZ_normalised. Qed.

Theorem classifier_joint_mean {U : NormedModule R_AbsRing} n p (u : U) (net : list (@moving U))
  (X X' : U -> matrix) P :
  let m := outputs n (map (at_point u) net) in
  let S := softmax_columns m (forward n (map (at_point u) net) (X u)) in
  backpropagates_jointly n p u net X X' (mean_softmax_cross_entropy m p P)
    (fun i s => / INR p * (S i s * sum m (fun k => P k s) - P i s)).
Proof. intros m S M HX K. apply network_joint; trivial. apply mean_softmax_cross_entropy_dZ. Qed.

Theorem classifier_joint_mean_normalised {U : NormedModule R_AbsRing} n p (u : U) (net : list (@moving U))
  (X X' : U -> matrix) P :
  let m := outputs n (map (at_point u) net) in
  let S := softmax_columns m (forward n (map (at_point u) net) (X u)) in
  (forall s, (s < p)%nat -> sum m (fun i => P i s) = 1) ->
  backpropagates_jointly n p u net X X' (mean_softmax_cross_entropy m p P) (fun i s => / INR p * (S i s - P i s)).
Proof. intros m S H M HX K. apply network_joint; trivial. now apply mean_softmax_cross_entropy_dZ_normalised. Qed.

(** Two layers, written out: L = - sum P log softmax(W_2 relu(W_1 X + b_1 1^T) + b_2 1^T) *)
Theorem two_layers n0 n1 n2 p (W1 W2 X P : matrix) (b1 b2 : vector) :
  let Z1 i s := sum n0 (fun j => W1 i j * X j s) + b1 i in
  let Y1 i s := relu (Z1 i s) in
  let Z2 i s := sum n1 (fun j => W2 i j * Y1 j s) + b2 i in
  let S i s := exp (Z2 i s) * / sum n2 (fun k => exp (Z2 k s)) in
  let dZ2 i s := S i s - P i s in
  let dZ1 j s := sum n2 (fun i => W2 i j * dZ2 i s) * ind (Z1 j s) in
  let L W1 b1 W2 b2 X := - sum p (fun s =>
    let z i := sum n1 (fun j => W2 i j * relu (sum n0 (fun k => W1 j k * X k s) + b1 j)) + b2 i in
    sum n2 (fun i => P i s * ln (exp (z i) / sum n2 (fun k => exp (z k))))) in
  (forall i, (i < n1)%nat -> forall s, (s < p)%nat -> Z1 i s <> 0) ->
  (forall s, (s < p)%nat -> sum n2 (fun i => P i s) = 1) ->
  Grad [n1; n0] (fun W => L W b1 W2 b2 X) W1 (fun i j => sum p (fun s => dZ1 i s * X j s)) /\
  Grad [n1] (fun b => L W1 b W2 b2 X) b1 (fun i => sum p (fun s => dZ1 i s)) /\
  Grad [n2; n1] (fun W => L W1 b1 W b2 X) W2 (fun i j => sum p (fun s => dZ2 i s * Y1 j s)) /\
  Grad [n2] (fun b => L W1 b1 W2 b X) b2 (fun i => sum p (fun s => dZ2 i s)) /\
  Grad [n0; p] (fun X => L W1 b1 W2 b2 X) X (fun j s => sum n1 (fun i => W1 i j * dZ1 i s)).
Proof.
  intros Z1 Y1 Z2 S dZ2 dZ1 L K H. pose (first := Layer n1 Rectify W1 b1). pose (last := Layer n2 Identity W2 b2).
  destruct (classifier_normalised n0 p [first; last] X P H) as [DX D].
  specialize (DX (conj K (conj I I))). destruct (D [] first [last] eq_refl (conj K (conj I I))) as [DW1 Db1].
  destruct (D [first] last [] eq_refl (conj I I)) as [DW2 Db2].
  refine (conj _ (conj _ (conj _ (conj _ _)))); (eapply D_function; [|eassumption]); intros V;
    apply softmax_cross_entropy_formula.
Qed.

End Classifier.

(** Every theorem of this file, and the axioms that they rest on *)
Definition network_theorems :=
  (@network_forward, @network_last, @network_step, @network_first, @network_gradients_nth, @network_joint,
   @activate_dZ, @network_dX, @network_dZ, @network_dW, @network_db, @backpropagation, @backpropagation_sum,
   @backpropagation_mean, @classifier, @classifier_normalised, @classifier_mean, @classifier_mean_normalised,
   @classifier_joint, @classifier_joint_normalised, @classifier_joint_mean, @classifier_joint_mean_normalised,
   @two_layers).
Print Assumptions network_theorems.

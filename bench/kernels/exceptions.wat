;; Exceptions: thrown through frames and caught by tag, passed over by clauses of other
;; tags, caught by reference and thrown on, and code in a `try_table` that throws nothing.
(module
  (tag $found (param i32))
  (tag $other (param i64 f64))

  (func $descend (param $depth i32) (param $value i32)
    (if (local.get $depth)
      (then (call $descend (i32.sub (local.get $depth) (i32.const 1)) (i32.add (local.get $value) (local.get $depth))))
      (else
        (if (i32.and (local.get $value) (i32.const 1))
          (then (throw $found (local.get $value))))
        (throw $other (i64.extend_i32_u (local.get $value)) (f64.const 2.5)))))

  ;; Catches one tag; the other passes.
  (func $inner (param $depth i32) (param $value i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $found $caught) (call $descend (local.get $depth) (local.get $value)))
      (unreachable)))

  ;; Catches all by reference, and throws on.
  (func $middle (param $depth i32) (param $value i32) (result i32)
    (local $thrown exnref)
    (block $caught (result exnref)
      (try_table (result i32) (catch_all_ref $caught) (call $inner (local.get $depth) (local.get $value)))
      (return))
    (local.set $thrown)
    (throw_ref (local.get $thrown)))

  (func $outer (param $depth i32) (param $value i32) (result i32)
    (local $wide i64)
    (block $caught (result i64 f64)
      (try_table (result i32) (catch $other $caught) (call $middle (local.get $depth) (local.get $value)))
      (return))
    (i32.trunc_sat_f64_s)
    (local.set $value)
    (local.set $wide)
    (i32.add (i32.wrap_i64 (local.get $wide)) (local.get $value)))

  ;; Enters a `try_table` in each turn, and throws in one of 64.
  (func $quiet (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.xor (i32.rotl (local.get $sum) (i32.const 3))
        (block $caught (result i32)
          (try_table (result i32) (catch $found $caught)
            (if (i32.eqz (i32.and (local.get $n) (i32.const 63))) (then (throw $found (local.get $sum))))
            (i32.mul (local.get $n) (i32.const 7))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  (func $kernel (result i32)
    (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
        (call $outer (i32.and (local.get $i) (i32.const 15)) (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
    (i32.add (local.get $sum) (call $quiet (i32.const 4000))))

  (func (export "run") (param $times i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $kernel)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))

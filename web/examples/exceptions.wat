;; An exception leaves frames behind, as an unwind does; but these frames are not kept.
(module
  (import "env" "log" (func $log (param i32)))
  (tag $too_deep (param i32))

  (func $down (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 5))
      (then (throw $too_deep (local.get $n))))
    (call $down (i32.add (local.get $n) (i32.const 1)))
    (call $log (local.get $n)))  ;; no frame comes here

  (func (export "main") (result i32)
    (block $caught (result i32)
      (try_table (catch $too_deep $caught)
        (call $down (i32.const 0)))
      (i32.const -1))))

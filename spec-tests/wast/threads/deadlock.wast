;; A thread waits for what nobody does; who waits for it is told, and goes on.

(module $Mem (memory (export "shared") 1 1 shared))
(module $Private (memory (export "m") 1))
(thread $T (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func $w (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 16) (i32.const 0) (i64.const -1))))
  (assert_return (invoke "wait") (i32.const 0))
  (assert_invalid (module (func (result i32))) "type mismatch"))
(wait $T)
(assert_invalid (module (func (result i32))) "type mismatch")
(thread (shared (module $Private)))

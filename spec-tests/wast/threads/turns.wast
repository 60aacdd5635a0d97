;; Threads with modules of their own over a memory that they share.

(module $Mem (memory (export "shared") 1 1 shared))
(register "mem")

(thread $waits (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "wait") (param i32 i64) (result i32)
      (memory.atomic.wait32 (local.get 0) (i32.const 0) (local.get 1)))
    (func (export "load") (result i32) (i32.atomic.load (i32.const 8))))
  (assert_return (invoke "wait" (i32.const 4) (i64.const 1000)) (i32.const 2))
  (assert_return (invoke "wait" (i32.const 0) (i64.const -1)) (i32.const 0))
  (assert_return (invoke "load") (i32.const 42)))

(thread $notifies (shared (module $Mem))
  (register "mem" $Mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "notify")
      (i32.atomic.store (i32.const 8) (i32.const 42))
      (loop (br_if 0 (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))))
  (thread $inner
    (assert_unlinkable (module (memory (import "mem" "shared") 1 1 shared)) "unknown import"))
  (wait $inner)
  (wait $inner)
  (invoke "notify"))

(wait $waits)
(wait $notifies)

;; Nobody waits for this one: it runs to its end all the same.
(thread (assert_invalid (module (func (result i32))) "type mismatch"))

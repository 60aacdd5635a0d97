;; A trap: the sum runs past the end of memory. Go to the end, then back by steps: the frames
;; and values are those at which it happened.
(module
  (memory (export "memory") 1)
  (data (i32.const 65520) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00")

  (func $sum (param $at i32) (param $count i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $again (local.get $count)))
    (local.get $sum))

  (func (export "main") (result i32)
    (call $sum (i32.const 65520) (i32.const 5))))

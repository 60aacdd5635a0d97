;; A list on the heap of the garbage collector: made, turned around in place, and summed up.
(module
  (type $node (struct (field $value i32) (field $next (mut (ref null $node)))))
  (import "env" "log" (func $log (param i32)))

  (func $list (param $n i32) (result (ref null $node))
    (local $head (ref null $node))
    (loop $again
      (local.set $head (struct.new $node (local.get $n) (local.get $head)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    (local.get $head))

  (func $reverse (param $list (ref null $node)) (result (ref null $node))
    (local $done (ref null $node)) (local $rest (ref null $node))
    (loop $again
      (local.set $rest (struct.get $node $next (local.get $list)))
      (struct.set $node $next (local.get $list) (local.get $done))
      (local.set $done (local.get $list))
      (local.set $list (local.get $rest))
      (br_if $again (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $done))

  (func (export "main") (param $n i32) (result i32)
    (local $list (ref null $node)) (local $sum i32)
    (local.set $list (call $reverse (call $list (local.get $n))))
    (loop $again
      (call $log (struct.get $node $value (local.get $list)))
      (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $list))))
      (local.set $list (struct.get $node $next (local.get $list)))
      (br_if $again (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum)))

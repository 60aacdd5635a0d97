;; Three tasks on continuations, and a scheduler that gives each of them turns until it ends.
(module
  (type $task (func))
  (type $cont (cont $task))
  (import "env" "log" (func $log (param i32)))
  (tag $pause)
  (table $ready 3 (ref null $cont))

  (func $work (param $id i32) (param $turns i32)
    (loop $again
      (call $log (local.get $id))
      (suspend $pause)
      (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
      (br_if $again (local.get $turns))))
  (func $first (type $task) (call $work (i32.const 1) (i32.const 3)))
  (func $second (type $task) (call $work (i32.const 2) (i32.const 1)))
  (func $third (type $task) (call $work (i32.const 3) (i32.const 2)))
  (elem declare func $first $second $third)

  (func $turn (param $k (ref null $cont)) (result (ref null $cont))
    (block $paused (result (ref $cont))
      (resume $cont (on $pause $paused) (local.get $k))
      (return (ref.null $cont))))

  (func (export "main")
    (local $i i32) (local $left i32)
    (table.set $ready (i32.const 0) (cont.new $cont (ref.func $first)))
    (table.set $ready (i32.const 1) (cont.new $cont (ref.func $second)))
    (table.set $ready (i32.const 2) (cont.new $cont (ref.func $third)))
    (loop $round
      (local.set $i (i32.const 0))
      (local.set $left (i32.const 0))
      (loop $each
        (if (i32.eqz (ref.is_null (table.get $ready (local.get $i))))
          (then
            (local.set $left (i32.const 1))
            (table.set $ready (local.get $i) (call $turn (table.get $ready (local.get $i))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $each (i32.lt_u (local.get $i) (i32.const 3))))
      (br_if $round (local.get $left)))))

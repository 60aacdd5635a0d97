;; Structures on the collected heap: binary trees made and dropped, and shapes that answer
;; by a function in each, or by what they are.
(module
  (type $tree (struct (field $left (ref null $tree)) (field $right (ref null $tree)) (field $key (mut i32))))
  (rec
    (type $area (func (param (ref $shape)) (result i32)))
    (type $shape (sub (struct (field $area (ref $area)) (field $scale (mut i32)))))
    (type $square (sub final $shape (struct (field $area (ref $area)) (field $scale (mut i32)) (field $side i32))))
    (type $box (sub final $shape (struct (field $area (ref $area)) (field $scale (mut i32)) (field $wide i32) (field $high i32)))))
  (type $shapes (array (mut (ref null $shape))))
  (elem declare func $area_of_square $area_of_box)

  (func $make (param $depth i32) (param $key i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree) (local.get $key)))
      (else
        (struct.new $tree
          (call $make (i32.sub (local.get $depth) (i32.const 1)) (i32.mul (local.get $key) (i32.const 3)))
          (call $make (i32.sub (local.get $depth) (i32.const 1)) (i32.add (local.get $key) (i32.const 5)))
          (local.get $key)))))
  (func $sum (param $tree (ref null $tree)) (result i32)
    (if (ref.is_null (local.get $tree)) (then (return (i32.const 1))))
    (struct.set $tree $key (local.get $tree)
      (i32.xor (struct.get $tree $key (local.get $tree)) (i32.const 0x55)))
    (i32.add
      (struct.get $tree $key (local.get $tree))
      (i32.sub
        (i32.mul (i32.const 3) (call $sum (struct.get $tree $left (local.get $tree))))
        (call $sum (struct.get $tree $right (local.get $tree))))))

  (func $area_of_square (type $area)
    (local $it (ref $square))
    (local.set $it (ref.cast (ref $square) (local.get 0)))
    (i32.mul (struct.get $square $scale (local.get $it))
      (i32.mul (struct.get $square $side (local.get $it)) (struct.get $square $side (local.get $it)))))
  (func $area_of_box (type $area)
    (local $it (ref $box))
    (local.set $it (ref.cast (ref $box) (local.get 0)))
    (i32.mul (struct.get $box $scale (local.get $it))
      (i32.mul (struct.get $box $wide (local.get $it)) (struct.get $box $high (local.get $it)))))

  (func $shapes (param $n i32) (result i32)
    (local $all (ref $shapes)) (local $i i32) (local $sum i32) (local $shape (ref $shape))
    (local.set $all (array.new_default $shapes (i32.const 64)))
    (loop $fill
      (array.set $shapes (local.get $all) (local.get $i)
        (if (result (ref $shape)) (i32.rem_u (local.get $i) (i32.const 3))
          (then (struct.new $square (ref.func $area_of_square) (i32.const 1) (local.get $i)))
          (else (struct.new $box (ref.func $area_of_box) (i32.const 1) (local.get $i) (i32.const 3)))))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64))))
    (local.set $i (i32.const 0))
    (loop $ask
      (local.set $shape (ref.as_non_null (array.get $shapes (local.get $all) (i32.and (local.get $i) (i32.const 63)))))
      (local.set $sum (i32.add (local.get $sum)
        (call_ref $area (local.get $shape) (struct.get $shape $area (local.get $shape)))))
      (if (ref.test (ref $box) (local.get $shape))
        (then (struct.set $shape $scale (local.get $shape) (i32.and (local.get $sum) (i32.const 7)))))
      (br_if $ask (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))

  (func $kernel (result i32)
    (local $i i32) (local $sum i32)
    (loop $trees
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))
        (call $sum (call $make (i32.const 8) (local.get $i)))))
      (br_if $trees (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
    (i32.xor (local.get $sum) (call $shapes (i32.const 2000))))

  (func (export "run") (param $times i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $kernel)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))

;; Arrays on the collected heap: a sieve over packed bytes, a product of matrices whose rows
;; are arrays, words sorted by insertion, a buffer that grows by copying.
(module
  (type $bytes (array (mut i8)))
  (type $row (array (mut f64)))
  (type $matrix (array (ref $row)))
  (type $words (array (mut i32)))

  (func $sieve (param $n i32) (result i32)
    (local $composite (ref $bytes)) (local $i i32) (local $j i32) (local $primes i32)
    (local.set $composite (array.new $bytes (i32.const 0) (local.get $n)))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.eqz (array.get_u $bytes (local.get $composite) (local.get $i)))
        (then
          (local.set $primes (i32.add (local.get $primes) (i32.const 1)))
          (local.set $j (i32.shl (local.get $i) (i32.const 1)))
          (block $done
            (loop $mark
              (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
              (array.set $bytes (local.get $composite) (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $mark)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $primes))

  (func $make_row (param $from f64) (result (ref $row))
    (local $row (ref $row)) (local $i i32)
    (local.set $row (array.new_default $row (i32.const 8)))
    (loop $fill
      (array.set $row (local.get $row) (local.get $i)
        (f64.add (local.get $from) (f64.convert_i32_u (local.get $i))))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
    (local.get $row))
  (func $make_matrix (param $from f64) (result (ref $matrix))
    (array.new_fixed $matrix 8
      (call $make_row (local.get $from)) (call $make_row (f64.const 1)) (call $make_row (f64.const -2))
      (call $make_row (local.get $from)) (call $make_row (f64.const 0.5)) (call $make_row (f64.const 3))
      (call $make_row (f64.const -7)) (call $make_row (local.get $from))))
  (func $product (param $a (ref $matrix)) (param $b (ref $matrix)) (result f64)
    (local $i i32) (local $j i32) (local $k i32) (local $row (ref $row)) (local $dot f64) (local $sum f64)
    (loop $rows
      (local.set $row (array.get $matrix (local.get $a) (local.get $i)))
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $dot (f64.const 0))
        (local.set $k (i32.const 0))
        (loop $terms
          (local.set $dot (f64.add (local.get $dot)
            (f64.mul
              (array.get $row (local.get $row) (local.get $k))
              (array.get $row (array.get $matrix (local.get $b) (local.get $k)) (local.get $j)))))
          (br_if $terms (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 8))))
        (local.set $sum (f64.sub (local.get $dot) (f64.mul (local.get $sum) (f64.const 0.5))))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 8))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8))))
    (local.get $sum))

  (func $sort (param $n i32) (result i32)
    (local $words (ref $words)) (local $i i32) (local $j i32) (local $word i32) (local $seed i32)
    (local.set $words (array.new_default $words (i32.const 1)))
    (local.set $seed (i32.const 12345))
    (loop $next
      (if (i32.ge_u (local.get $i) (array.len (local.get $words)))
        (then (local.set $words (call $grown (local.get $words)))))
      (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
      (local.set $word (i32.shr_u (local.get $seed) (i32.const 8)))
      (local.set $j (local.get $i))
      (block $placed
        (loop $back
          (br_if $placed (i32.eqz (local.get $j)))
          (br_if $placed (i32.le_s
            (array.get $words (local.get $words) (i32.sub (local.get $j) (i32.const 1))) (local.get $word)))
          (array.set $words (local.get $words) (local.get $j)
            (array.get $words (local.get $words) (i32.sub (local.get $j) (i32.const 1))))
          (local.set $j (i32.sub (local.get $j) (i32.const 1)))
          (br $back)))
      (array.set $words (local.get $words) (local.get $j) (local.get $word))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add
      (array.get $words (local.get $words) (i32.const 0))
      (array.get $words (local.get $words) (i32.sub (local.get $n) (i32.const 1)))))
  (func $grown (param $from (ref $words)) (result (ref $words))
    (local $to (ref $words))
    (local.set $to (array.new_default $words (i32.shl (array.len (local.get $from)) (i32.const 1))))
    (array.copy $words $words
      (local.get $to) (i32.const 0) (local.get $from) (i32.const 0) (array.len (local.get $from)))
    (local.get $to))

  (func $kernel (result i32)
    (i32.xor
      (i32.add (call $sieve (i32.const 8000)) (call $sort (i32.const 150)))
      (i32.trunc_sat_f64_s (call $product (call $make_matrix (f64.const 2)) (call $make_matrix (f64.const 3))))))

  (func (export "run") (param $times i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (call $kernel)))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $sum)))

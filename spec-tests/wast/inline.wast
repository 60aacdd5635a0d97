;; A script may be one module without parentheses.
(memory 1)
(func $f (export "f") (result i32) (i32.const 1))
(export "g" (func $f))

;; The assembler knows no folded legacy exceptions: so nobody knows what would follow.

(module $legacy (func (export "f") (result i32) (try (result i32) (do (i32.const 1)) (catch_all (i32.const 2)))))
(assert_return (invoke "f") (i32.const 1))
(register "legacy")
(module (import "legacy" "f" (func (result i32))))
(assert_trap (invoke $legacy "f") "unreachable")
(assert_unlinkable (module (import "legacy" "g" (func))) "unknown import")
(assert_invalid (module (func (try (do) (catch_all (i32.const 1))))) "type mismatch")
(module $whole (func (export "f") (result i32) (i32.const 3)))
(assert_return (invoke "f") (i32.const 3))
(register "legacy" $whole)
(module (import "legacy" "f" (func (result i32))))

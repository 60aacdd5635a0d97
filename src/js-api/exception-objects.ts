// `WebAssembly.Tag` and `WebAssembly.Exception`.
// Spec: https://webassembly.github.io/spec/js-api/#exceptions

import { ExceptionInstance, JS_TAG } from "../runtime/exceptions.js";
import { TagInstance } from "../runtime/instances.js";
import type { FuncType, ValType } from "../syntax/types.js";
import { closeTypes, type DefType } from "../valid/deftypes.js";
import { ErrorStack } from "./error-stack.js";
import { finishInterface, required, toDictionary, toSequence, toU32 } from "./idl.js";
import { exceptions, tags } from "./slots.js";
import { refuseHidden, toJsValue, toValueType, toWasmValue } from "./values.js";
import type { World } from "./world.js";

export const tagInterface = (world: World) =>
  finishInterface(
    "Tag",
    class Tag {
      constructor(type: unknown) {
        const { parameters } = toDictionary(type, "the type of a tag");
        const params = toSequence(required(parameters, "parameters"), "parameters").map(
          (parameter) => toValueType(parameter),
        );
        initTag(world, this, new TagInstance(tagType(params)));
      }
    },
  );

const tagType = (params: readonly ValType<DefType>[]): DefType =>
  closeTypes([
    {
      final: true,
      supers: [],
      // The types that JavaScript can name are those of every module.
      comp: { kind: "func", params: params as readonly ValType[], results: [] },
      groupStart: 0,
      groupSize: 1,
    },
  ])[0]!;

/** `object` becomes the tag's one object in this world. */
export function initTag(world: World, object: object, tag: TagInstance): void {
  tags.set(object, tag);
  world.adopt(tag, object);
}

export const exceptionInterface = (world: World) =>
  finishInterface(
    "Exception",
    class Exception {
      constructor(exceptionTag: unknown, payload: unknown, ...[options]: unknown[]) {
        const tag = tags.demand(exceptionTag, "the first argument");
        const values = toSequence(payload, "the payload");
        const { traceStack } = toDictionary(options, "the options");
        if (tag === JS_TAG) throw new TypeError("an exception of JSTag is what is thrown itself");
        const types = payloadTypes(tag);
        if (types.length !== values.length)
          throw new TypeError(`the tag has ${types.length} values, the payload ${values.length}`);
        const held = types.map((type, i) => {
          refuseHidden(type);
          return toWasmValue(values[i], type, world);
        });
        const stack = traceStack
          ? String(new ErrorStack(world.machine, null).text("WebAssembly.Exception"))
          : undefined;
        initException(world, this, new ExceptionInstance(tag, held), stack);
      }

      getArg(exceptionTag: unknown, index: unknown): unknown {
        const { exception } = exceptions.demand(this);
        const tag = tags.demand(exceptionTag, "the first argument");
        const at = toU32(index);
        if (tag !== exception.tag) throw new TypeError("the exception is of another tag");
        const type = payloadTypes(tag)[at];
        if (type === undefined) throw new RangeError(`the exception has no value ${at}`);
        refuseHidden(type);
        return toJsValue(exception.values[at]!, world);
      }

      is(exceptionTag: unknown): boolean {
        const { exception } = exceptions.demand(this);
        return tags.demand(exceptionTag, "the first argument") === exception.tag;
      }

      get stack(): string | undefined {
        return exceptions.demand(this).stack;
      }
    },
  );

const payloadTypes = ({ type }: TagInstance): readonly ValType<DefType>[] =>
  (type.sub.comp as FuncType<DefType>).params;

/** `object` becomes the exception's one object in this world. */
export function initException(
  world: World,
  object: object,
  exception: ExceptionInstance,
  stack?: string,
): void {
  exceptions.set(object, { exception, stack });
  world.adopt(exception, object);
}

// Objects of the heap refer to each other in circles: all are made before any is filled.

import { Fiber } from "../exec/fiber.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import { TagInstance } from "../runtime/instances.js";
import { ArrayInstance, elementSizeOf, layoutOf, StructInstance } from "../runtime/objects.js";
import { HostRef, type Value } from "../runtime/values.js";
import type { ArrayType, StructType, ValType } from "../syntax/types.js";
import { BobbinError } from "../util/errors.js";
import type { DefType } from "../valid/deftypes.js";
import type { SectionReader } from "./bytes.js";
import { type Codec, readHostValue } from "./codec.js";
import { type Sections, skipReference, skipValue, paramsOf, rethrow } from "./load-shared.js";
import { readTyped, readValue, type Things } from "./references.js";

interface StructHead {
  readonly at: number;
  readonly type: DefType;
  readonly descriptor: number | null;
}

/** The objects of the heap: made first, filled later. */
export class Heap {
  readonly structs: StructInstance[] = [];
  readonly arrays: ArrayInstance[] = [];
  readonly exceptions: ExceptionInstance[] = [];
  readonly continuations: ContinuationInstance<Fiber>[] = [];
  readonly hosts: HostRef[] = [];

  constructor(
    private readonly sections: Sections,
    private readonly types: readonly DefType[],
    private readonly tags: readonly TagInstance[],
    codec: Codec | undefined,
  ) {
    this.makeStructs(sections("structures"));
    this.makeArrays(sections("arrays"));
    this.makeExceptions(sections("exceptions"));
    this.makeContinuations(sections("continuations"));
    const hosts = sections("host values");
    hosts.list("host values", () => this.hosts.push(new HostRef(readHostValue(hosts, codec))));
    hosts.end();
  }

  private type(r: SectionReader, kind: "struct" | "array" | "cont"): DefType {
    const start = r.pos;
    const type = this.types[r.below(this.types.length, "a type")]!;
    r.ensure(type.sub.comp.kind === kind, `expected a ${kind} type`, start);
    return type;
  }

  /** A descriptor belongs to what it describes from the start, so those are made outermost first. */
  private makeStructs(r: SectionReader): void {
    const heads = r.list("structures", (): StructHead => {
      const at = r.pos;
      const type = this.type(r, "struct");
      const descriptor = type.sub.descriptor === undefined ? null : r.uint("a descriptor");
      for (const { storage } of (type.sub.comp as StructType<DefType>).fields) {
        if (storage === "i8" || storage === "i16") r.word("a field");
        else skipValue(r, storage as ValType);
      }
      return { at, type, descriptor };
    });
    r.end();
    heads.forEach((_, first) => {
      // Each is of another type than those before, so this ends.
      const chain: number[] = [];
      for (let id: number | null = first; id !== null && this.structs[id] === undefined;) {
        chain.push(id);
        const { type, descriptor, at }: StructHead = heads[id]!;
        r.ensure(
          descriptor === null || heads[descriptor]?.type === type.sub.descriptor,
          "expected a descriptor of the type's own type",
          at,
        );
        id = descriptor;
      }
      for (const id of chain.reverse()) {
        const { type, descriptor } = heads[id]!;
        const described = descriptor === null ? null : this.structs[descriptor]!;
        this.structs[id] = new StructInstance(type, described);
      }
    });
  }

  private makeArrays(r: SectionReader): void {
    r.list("arrays", () => {
      const type = this.type(r, "array");
      const size = elementSizeOf(type);
      const start = r.pos;
      const length = r.count("elements", size || 1);
      try {
        this.arrays.push(ArrayInstance.make(type, length));
      } catch (error) {
        return error instanceof BobbinError ? r.fail(error.message, start) : rethrow(error);
      }
      if (size > 0) r.raw(length * size, "elements");
      else for (let i = 0; i < length; i++) skipReference(r);
    });
    r.end();
  }

  private makeExceptions(r: SectionReader): void {
    r.list("exceptions", () => {
      const tag = this.tags[r.below(this.tags.length, "a tag")]!;
      for (const type of paramsOf(tag)) skipValue(r, type as ValType);
      this.exceptions.push(new ExceptionInstance(tag, []));
    });
    r.end();
  }

  private makeContinuations(r: SectionReader): void {
    r.list("continuations", () => {
      const type = this.type(r, "cont");
      this.continuations.push(new ContinuationInstance<Fiber>(type, null, null));
      if (!r.flag("whether it is still to be used")) return;
      r.uint("a fiber");
      r.uint("a fiber");
    });
    r.end();
  }

  fill(things: Things, fibers: readonly Fiber[]): void {
    this.fillStructs(again(this.sections("structures")), things);
    this.fillArrays(again(this.sections("arrays")), things);
    const exceptions = again(this.sections("exceptions"));
    for (const { tag, values } of this.exceptions) {
      exceptions.uint("a tag");
      for (const type of paramsOf(tag))
        (values as Value[]).push(readValue(exceptions, things, type));
    }
    const r = again(this.sections("continuations"));
    for (const continuation of this.continuations) {
      r.uint("a type");
      if (!r.flag("whether it is still to be used")) continue;
      continuation.fiber = fibers[r.below(fibers.length, "a fiber")]!;
      continuation.outer = fibers[r.below(fibers.length, "a fiber")]!;
    }
  }

  private fillStructs(r: SectionReader, things: Things): void {
    for (const { type, slots } of this.structs) {
      r.uint("a type");
      if (type.sub.descriptor !== undefined) r.uint("a descriptor");
      const { fields } = type.sub.comp as StructType<DefType>;
      layoutOf(type).fields.forEach(({ size, at }, i) => {
        const { storage } = fields[i]!;
        const start = r.pos;
        if (typeof storage === "object") slots[at] = readTyped(r, things, storage);
        else for (let k = 0; k < Math.max(size >> 2, 1); k++) slots[at + k] = r.word("a field");
        const packed = slots[at] as number;
        r.ensure(size === 0 || size > 2 || packed >>> (8 * size) === 0, `expected ${storage as string}`, start); // prettier-ignore
      });
    }
  }

  private fillArrays(r: SectionReader, things: Things): void {
    for (const { type, size, length, refs, bytes } of this.arrays.map(arrayView)) {
      r.uint("a type");
      r.uint("a length");
      const { storage } = (type.sub.comp as ArrayType<DefType>).field;
      if (typeof storage === "object")
        for (let i = 0; i < length; i++) refs[i] = readTyped(r, things, storage);
      else bytes.set(r.raw(length * size, "elements"));
    }
  }
}

const arrayView = (array: ArrayInstance) => ({
  type: array.type,
  size: array.size,
  length: array.length,
  refs: array.refs,
  bytes: array.size === 0 ? new Uint8Array() : array.bytes(0, array.length),
});

/** From the first entry. */
function again(r: SectionReader): SectionReader {
  r.pos = 0;
  r.uint("a count");
  return r;
}

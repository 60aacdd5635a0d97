// The table of functions that pointers index. Functions whose address is taken get
// slots: from 1 on in a program of its own, so that the null pointer traps; behind all
// others in a finished program.

import { join, leb, sleb64, type Bytes } from "../binary/encode.js";
import { importsOf } from "../syntax/module.js";
import { FUNCREF, type TableType } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import type { Linker } from "./link.js";
import { isUndefined, isWeak, type ObjectFile, type ObjectSymbol } from "./object.js";
import { INDIRECT_FUNCTION_TABLE } from "./relocations.js";
import type { Func, Table } from "./spaces.js";

export class IndirectTable {
  private found: Table | null = null;
  private readonly slots = new Map<Func, number>();
  /** Functions with new slots, in order. */
  private readonly added: Func[] = [];
  private first = 1;

  constructor(private readonly linker: Linker) {}

  /** Made when somebody needs it. */
  get entity(): Table {
    return (this.found ??= this.programTable() ?? this.own());
  }

  private own(): Table {
    const limits = { min: 1n, address: "i32", shared: false, pageSizeLog2: 16 } as const;
    const type = { element: FUNCREF, limits };
    return this.linker.tables.add({ name: INDIRECT_FUNCTION_TABLE, type });
  }

  /** By name, else the only one that holds functions. */
  private programTable(): Table | undefined {
    const { program } = this.linker;
    if (program === null) return undefined;
    const named = program.find("table", INDIRECT_FUNCTION_TABLE);
    if (named !== undefined) return program.tables[named];
    const fitting = program.tables.filter(({ type }) => type.element.heap === "func");
    if (fitting.length > 1)
      throw new LinkError(
        `${program.name} has ${fitting.length} tables of functions: expected one of the name ${INDIRECT_FUNCTION_TABLE}`,
      );
    return fitting[0];
  }

  /** Code without reference types means table 0 without saying so. */
  checkImplicit(object: ObjectFile): void {
    const imported = importsOf(object.module, "table").findIndex(
      ({ name }) => name === INDIRECT_FUNCTION_TABLE,
    );
    if (imported < 0) return;
    const { entity, linker } = this;
    const named = object.symbols.some(({ kind, index }) => kind === "table" && index === imported);
    if (!named && linker.tables.all[0] !== entity)
      throw new LinkError(
        `${object.name} calls through table 0, which is not ${INDIRECT_FUNCTION_TABLE}: assemble it with reference types`,
      );
  }

  /** Gives slots to all functions whose address some relocation wants. */
  collect(): void {
    const { linker } = this;
    const wanted = new Set<Func>();
    for (const object of linker.objects)
      for (const { kind, index } of object.relocations) {
        const func = kind.referent === "pointer" && linker.entityOf(object, index);
        if (func) wanted.add(func as Func);
      }
    if (wanted.size === 0) return;
    const { entity } = this;
    const { program } = linker;
    const table = program?.tables.indexOf(entity) ?? -1;
    if (table >= 0) this.first = Number(entity.type.limits.min);
    for (const func of wanted) {
      const own = program?.funcs.indexOf(func) ?? -1;
      const known = own >= 0 && table >= 0 ? program!.slotOf(table, own) : undefined;
      this.slots.set(func, known ?? this.first + this.added.length);
      if (known === undefined) this.added.push(func);
    }
    this.grow(entity);
  }

  private grow(entity: Table): void {
    if (this.added.length === 0) return;
    if (entity.import !== undefined)
      throw new LinkError(
        `the table ${INDIRECT_FUNCTION_TABLE} is imported: pointers to functions cannot be added to it`,
      );
    const { limits } = entity.type;
    const min = BigInt(this.first + this.added.length);
    const max = limits.max !== undefined && limits.max < min ? min : limits.max;
    const type: TableType = {
      ...entity.type,
      limits: max === undefined ? { ...limits, min } : { ...limits, min, max },
    };
    entity.type = type;
  }

  slotOf(func: Func, symbol: ObjectSymbol): number {
    // The address of what is missing is null.
    if (isUndefined(symbol) && isWeak(symbol) && func.name?.startsWith("undefined_weak:") === true)
      return 0;
    return this.slots.get(func)!;
  }

  /** The element segment with the new slots. */
  elements(): Bytes[] {
    if (this.added.length === 0) return [];
    const { funcs, tables } = this.linker;
    const number = tables.index(this.entity);
    const offset = [0x41, ...sleb64(BigInt(this.first)), 0x0b];
    return [
      join(
        number === 0 ? [0] : [2, ...leb(number)],
        offset,
        number === 0 ? [] : [0],
        leb(this.added.length),
        ...this.added.map((func) => leb(funcs.index(func))),
      ),
    ];
  }
}

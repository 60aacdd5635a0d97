import type { Page } from "puppeteer-core";

export interface Picture {
  readonly name: string;
  readonly lesson: number;
  readonly events: number;
  readonly theme: string;
}
export const PICTURES: readonly Picture[];
export function show(page: Page, address: string, picture: Picture): Promise<void>;

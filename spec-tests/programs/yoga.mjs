// Yoga, which lays out boxes, in C++ behind Embind: classes, values and callbacks on both sides.

import { Align, Direction, Edge, FlexDirection, Justify, loadYoga, MeasureMode, Wrap } from "yoga-layout/load"; // prettier-ignore

export const name = "Yoga";
export const from = "yoga-layout";

export async function run(tell) {
  const { Config, Node } = await loadYoga();
  const config = Config.create();
  config.setPointScaleFactor(2);
  const root = Node.create(config);
  root.setWidth(320);
  root.setFlexDirection(FlexDirection.Row);
  root.setFlexWrap(Wrap.Wrap);
  root.setJustifyContent(Justify.SpaceBetween);
  root.setPadding(Edge.All, 8);
  for (let i = 0; i < 12; i++) {
    const child = Node.create(config);
    child.setFlexGrow(i % 3);
    child.setMinWidth(30 + 7 * i);
    child.setMargin(Edge.Left, i % 2 === 0 ? "2%" : 3);
    child.setAlignSelf(i % 4 === 0 ? Align.Stretch : Align.Center);
    if (i % 5 === 0)
      child.setMeasureFunc((width, mode) => ({
        width: mode === MeasureMode.Undefined ? 50 : Math.min(width, 61.3),
        height: 11 + i,
      }));
    else child.setHeight(20 + i);
    root.insertChild(child, i);
  }
  root.calculateLayout(undefined, undefined, Direction.LTR);
  for (let i = 0; i < root.getChildCount(); i++)
    tell(JSON.stringify(root.getChild(i).getComputedLayout()));
  tell(JSON.stringify(root.getComputedLayout()));
  root.freeRecursive();
  config.free();
}

// CodeMirror with what a program's text needs: line numbers, brackets, and two marked lines.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";

interface Marks {
  readonly line: number | null;
  readonly problem: number | null;
}
const setMarks = StateEffect.define<Marks>();
const here = Decoration.line({ class: "cm-here", attributes: { "aria-current": "step" } });
const wrong = Decoration.line({ class: "cm-wrong" });

const marks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, { effects, changes, state }) {
    const set = effects.findLast((effect) => effect.is(setMarks));
    if (set === undefined) return before.map(changes);
    const { line, problem } = set.value as Marks;
    const at = (number: number | null, mark: Decoration) =>
      number === null || number > state.doc.lines ? [] : [mark.range(state.doc.line(number).from)];
    return Decoration.set([...at(line, here), ...at(problem, wrong)], true);
  },
  provide: (field) => EditorView.decorations.from(field),
});

export class CodeEditor {
  private readonly view: EditorView;

  private readonly stateOf: (doc: string) => EditorState;

  constructor(parent: Element, text: string, onChange: (text: string) => void) {
    this.stateOf = (doc) =>
      EditorState.create({
        doc,
        extensions: [
          lineNumbers(),
          highlightActiveLineGutter(),
          history(),
          drawSelection(),
          bracketMatching(),
          marks,
          // Tab stays for who moves through the page by keys.
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ "aria-label": "Program" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) onChange(update.state.doc.toString());
          }),
        ],
      });
    this.view = new EditorView({ parent, state: this.stateOf(text) });
    // Who cannot point must be able to scroll.
    this.view.scrollDOM.tabIndex = 0;
  }

  /** Another text, which its writer cannot undo into the one before. */
  replace(text: string): void {
    if (this.view.state.doc.toString() !== text) this.view.setState(this.stateOf(text));
  }

  /** Marks lines, and shows the first. */
  mark(line: number | null, problem: number | null): void {
    const { view } = this;
    view.dispatch({ effects: setMarks.of({ line, problem }) });
    const shown = problem ?? line;
    if (shown === null || shown > view.state.doc.lines) return;
    // Not by the editor's own means: those scroll the page as well.
    view.requestMeasure({
      read: () => view.lineBlockAt(view.state.doc.line(shown).from),
      write({ top, bottom }) {
        const { scrollDOM } = view;
        const { scrollTop, clientHeight } = scrollDOM;
        if (top < scrollTop || bottom > scrollTop + clientHeight)
          scrollDOM.scrollTop = top - clientHeight / 2;
      },
    });
  }

  destroy(): void {
    this.view.destroy();
  }
}

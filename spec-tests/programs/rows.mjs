// Tables in Markdown.

export const row = (cells) => console.log(`| ${cells.join(" | ")} |`);
export const heading = (...titles) => {
  row(titles);
  row(titles.map(() => "---"));
};

// Graphviz, as @viz-js/viz builds it.

export const name = "Graphviz";
export const from = "@viz-js/viz 3.31.0";
export const packages = ["@viz-js/viz@3.31.0"];

export async function run(tell, load) {
  const { instance } = await load("@viz-js/viz");
  const viz = await instance();
  tell(
    viz.renderString(
      "digraph { a -> b -> c -> a; a -> d [label=x]; subgraph cluster_1 { e -> f } f -> a }",
      { format: "svg" },
    ),
  );
  tell(viz.renderString("graph { a -- b -- c -- d -- a }", { format: "plain", engine: "neato" }));
  tell(JSON.stringify(viz.render("graph { a -- ").errors));
}

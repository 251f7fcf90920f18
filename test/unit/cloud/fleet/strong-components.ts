/** The strongly connected component of each node: two nodes are in one if each leads to the other (Tarjan). */
export function componentsOf(nodes: number, edges: readonly (readonly [number, number])[]): Int32Array {
  const { first, targets } = packed(nodes, edges);
  const component = new Int32Array(nodes).fill(-1);
  const order = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const next = first.slice(0, nodes);
  const open: number[] = [];
  let count = 0;
  let components = 0;
  for (let root = 0; root < nodes; root++) {
    if (order[root] !== -1) continue;
    const way = [root];
    while (way.length > 0) {
      const node = way.at(-1) as number;
      if (order[node] === -1) {
        order[node] = low[node] = count++;
        open.push(node);
      }
      const at = next[node] as number;
      if (at < (first[node + 1] as number)) {
        next[node] = at + 1;
        const target = targets[at] as number;
        if (order[target] === -1) way.push(target);
        else if (component[target] === -1) low[node] = Math.min(low[node] as number, order[target] as number);
        continue;
      }
      way.pop();
      const parent = way.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number);
      if (low[node] !== order[node]) continue;
      for (let each = open.pop() as number; ; each = open.pop() as number) {
        component[each] = components;
        if (each === node) break;
      }
      components++;
    }
  }
  return component;
}

function packed(nodes: number, edges: readonly (readonly [number, number])[]) {
  const first = new Int32Array(nodes + 1);
  for (const [from] of edges) first[from + 1] = (first[from + 1] as number) + 1;
  for (let node = 0; node < nodes; node++) first[node + 1] = (first[node + 1] as number) + (first[node] as number);
  const at = first.slice();
  const targets = new Int32Array(edges.length);
  for (const [from, to] of edges) {
    const index = at[from] as number;
    targets[index] = to;
    at[from] = index + 1;
  }
  return { first, targets };
}

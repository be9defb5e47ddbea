/** A segment of a capability path has at most 64 characters. */
const MAX_SEGMENT = 64

/** The capability under which a tool is found: `mcp/<server>/<tool>`, in lower case, what a path may not hold replaced by dashes. */
export function toolCapability(server: string, tool: string): string {
  return `mcp/${segment(server)}/${segment(tool)}`
}

function segment(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .slice(0, MAX_SEGMENT)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return plain === '' ? 'unnamed' : plain
}

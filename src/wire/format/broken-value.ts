/** A value that a format cannot carry or that is not what it says: where (as nights or stays[1].city; empty for the whole) and why. */
export class BrokenValue extends Error {
  override readonly name = 'BrokenValue'
  readonly path: string

  constructor(path: string, why: string) {
    super(why.slice(0, 200))
    this.path = path.slice(0, 200)
  }
}

/** The path of a key or an index inside what is at `path`. */
export function inside(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  const name = key.slice(0, 80)
  if (/^[A-Za-z_$][\w$-]*$/.test(name)) return path === '' ? name : `${path}.${name}`
  return `${path}[${JSON.stringify(name)}]`
}

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { HansaError } from '../../schema/errors.ts'
import { type HomePaths, homePaths } from './home-paths.ts'
import { PRIVATE, writeFileAtomic } from './write-file.ts'

/** What a new home holds. Texts are PEM unless said otherwise. */
export interface HomeContents {
  /** config.yaml */
  readonly config: string
  readonly key: string
  readonly chain?: string
  /** By domain. */
  readonly roots?: Readonly<Record<string, string>>
  readonly aca?: { readonly rootKey: string; readonly root: string; readonly rootCrl: string; readonly issuingKey: string; readonly issuing: string }
  /** libp2p's text form. */
  readonly swarmKey?: string
}

/**
 * Makes a home, whole or not at all: it is built beside its place and moved there.
 * @throws HOME_EXISTS when the directory is there and not empty
 */
export async function createHome(home: string, contents: HomeContents): Promise<HomePaths> {
  const paths = homePaths(home)
  await refuseExisting(paths.dir)
  await mkdir(dirname(paths.dir), { recursive: true })
  const draft = homePaths(await mkdtemp(join(dirname(paths.dir), `.${basename(paths.dir)}-`)))
  try {
    await fill(draft, contents)
    await moveInto(draft.dir, paths.dir)
  } catch (error) {
    await rm(draft.dir, { recursive: true, force: true })
    throw error
  }
  return paths
}

/** Makes a home of a half-made one (home/joining.ts). config.yaml goes last: without it this is no home yet, and it is done once more. */
export async function completeHome(paths: HomePaths, contents: HomeContents): Promise<void> {
  await fill(paths, contents)
  await rm(paths.joining, { force: true })
}

async function fill(paths: HomePaths, contents: HomeContents): Promise<void> {
  await mkdir(paths.roots, { recursive: true })
  await mkdir(paths.data, { recursive: true })
  await writeFileAtomic(paths.key, contents.key, PRIVATE)
  await writeFileAtomic(paths.adminToken, randomBytes(32).toString('base64url') + '\n', PRIVATE)
  if (contents.chain !== undefined) await writeFileAtomic(paths.chain, contents.chain)
  if (contents.swarmKey !== undefined) await writeFileAtomic(paths.swarmKey, contents.swarmKey, PRIVATE)
  for (const [domain, pem] of Object.entries(contents.roots ?? {})) await writeFileAtomic(join(paths.roots, `${domain}.pem`), pem)
  if (contents.aca !== undefined) {
    await mkdir(paths.aca.dir, { mode: 0o700 })
    await writeFileAtomic(paths.aca.rootKey, contents.aca.rootKey, PRIVATE)
    await writeFileAtomic(paths.aca.root, contents.aca.root)
    await writeFileAtomic(paths.aca.rootCrl, contents.aca.rootCrl)
    await writeFileAtomic(paths.aca.issuingKey, contents.aca.issuingKey, PRIVATE)
    await writeFileAtomic(paths.aca.issuing, contents.aca.issuing)
  }
  await writeFileAtomic(paths.config, contents.config)
}

/** Throws HOME_EXISTS: asked before anything is done that could not be undone, such as using up an invite. */
export async function refuseExisting(dir: string): Promise<void> {
  let names: string[]
  try {
    names = await readdir(dir)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw new HansaError('HOME_EXISTS', `cannot make a home at ${dir}: ${codeOf(error)}`, {}, error)
  }
  if (names.length > 0) throw new HansaError('HOME_EXISTS', `${dir} is there already and not empty`)
}

async function moveInto(draft: string, dir: string): Promise<void> {
  try {
    await rename(draft, dir)
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') throw new HansaError('HOME_EXISTS', `${dir} is there already and not empty`, {}, error)
    if (codeOf(error) !== 'EBUSY') throw error
    // A mount point cannot be replaced. config.yaml goes last: without it this is no home yet.
    const names = (await readdir(draft)).sort((a, b) => Number(a === 'config.yaml') - Number(b === 'config.yaml'))
    for (const name of names) await rename(join(draft, name), join(dir, name))
    await rmdir(draft)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

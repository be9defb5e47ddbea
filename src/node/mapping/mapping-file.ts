import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DescMethod, DescMethodUnary, FileRegistry } from '@bufbuild/protobuf'
import { LineCounter, parseDocument } from 'yaml'
import { HansaError } from '../../schema/errors.ts'
import type { InputRule, Mapping, Route, SkillRule } from '../../wire/binding/mapping/mapping.ts'
import { type Insertion, insertionsOf, type Template, type TreeTemplate, writePointer } from '../../wire/binding/mapping/template.ts'
import { SCOPE_ROOTS } from '../../wire/binding/mapping/scope.ts'
import { registryOf } from '../../wire/format/descriptors.ts'
import { type ConfigProblem, configError } from '../config/problem.ts'
import { type GrpcPart, type HttpPart, type MappingFile, mappingSchema } from './schema.ts'
import { placeIn } from './place-in.ts'

/** Nobody writes a longer one by hand. */
const MAX_FILE = 256 * 1024

/** It stays on this machine; the largest APIs in the field have about so much. */
const MAX_DESCRIPTORS = 4 * 1024 * 1024

const MAX_SECRET = 16 * 1024

type Env = Readonly<Record<string, string | undefined>>
type Path = readonly (string | number)[]

/** Reads and checks a mapping. Files in it are absolute or begin at its own folder. Throws CONFIG_INVALID naming file, line, column and key. */
export async function loadMapping(file: string, env: Env = process.env): Promise<Mapping> {
  const { raw, problem } = parse(await contentOf(file, MAX_FILE, (why) => whole(file, why)).then((bytes) => bytes.toString('utf8')), file)
  const result = mappingSchema.safeParse(raw)
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => {
      const path = issue.path.map((key) => (typeof key === 'symbol' ? '' : key))
      return issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => problem([...path, key], 'unknown key'))
        : [problem(path, issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message)]
    })
    throw configError(problems.sort((a, b) => a.line - b.line || a.column - b.column))
  }
  const said = result.data
  const folder = dirname(resolve(file))
  const secrets: Record<string, string> = {}
  for (const [name, source] of Object.entries(said.secrets)) secrets[name] = await secretOf(source, folder, env, (why) => problem(['secrets', name], why))
  const registry = said.descriptors === undefined ? undefined : await descriptorsOf(resolve(folder, said.descriptors), (why) => problem(['descriptors'], why))
  const { mapping, problems } = checked(said, secrets, registry, problem)
  if (problems.length > 0) throw configError(problems)
  return mapping
}

type Problem = (path: Path, message: string) => ConfigProblem

function parse(text: string, file: string): { readonly raw: unknown; readonly problem: Problem } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const problemAt = (offset: number, key: string, message: string): ConfigProblem => {
    const { line, col } = lines.linePos(offset)
    return { source: file, line: Math.max(line, 1), column: Math.max(col, 1), key, message }
  }
  if (document.errors.length > 0) throw configError(document.errors.map((error) => problemAt(error.pos[0], '', `not YAML: ${error.message}`)))
  try {
    return { raw: document.toJS({ maxAliasCount: 0 }) ?? {}, problem: (path, message) => problemAt(placeIn(document, path), path.join('.'), message) }
  } catch {
    throw configError([problemAt(0, '', 'expected YAML without aliases (*name)')])
  }
}

/** What the parts say of each other. */
function checked(
  said: MappingFile,
  secrets: Readonly<Record<string, string>>,
  registry: FileRegistry | undefined,
  problem: Problem
): { readonly mapping: Mapping; readonly problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = []
  const inputs = Object.entries(said.inputs).map(([name, { from, type, required, default: initial }]): InputRule => ({ name, from, type, required, initial }))
  const known = new Set(inputs.map(({ name }) => name))

  // Those of the route that is being read.
  let used = new Set<string>()
  const point = (path: Path, insertions: readonly Insertion[]) => {
    for (const { pointer } of insertions) {
      const [root = '', key] = pointer
      if (root === 'inputs' && key !== undefined) used.add(key)
      const why = !(SCOPE_ROOTS as readonly string[]).includes(root)
        ? `points to nothing; a pointer begins with one of ${SCOPE_ROOTS.map((name) => `/${name}`).join(', ')}`
        : root === 'inputs' && (key === undefined || !known.has(key))
          ? 'is not an input of this mapping'
          : root === 'secrets' && (pointer.length !== 2 || key === undefined || !Object.hasOwn(secrets, key))
            ? 'is not a secret of this mapping'
            : undefined
      if (why !== undefined) problems.push(problem(path, `${writePointer(pointer) || 'the empty pointer'} ${why}`))
    }
  }
  const texts = (path: Path, templates: Readonly<Record<string, Template>>) => {
    for (const [name, template] of Object.entries(templates)) point([...path, name], insertionsOf({ template }))
    return Object.entries(templates).map(([name, template]) => [name.toLowerCase(), template] as const)
  }
  const body = (path: Path, tree: TreeTemplate | undefined) => {
    if (tree !== undefined) point(path, insertionsOf(tree))
    return tree
  }

  const httpRoute = (path: Path, part: HttpPart): Route => {
    part.url.path.forEach((template) => point([...path, 'url'], insertionsOf({ template })))
    if (part.body !== undefined && part.method === 'GET') problems.push(problem([...path, 'body'], 'a GET has no body'))
    const query = Object.entries(part.query)
    query.forEach(([name, template]) => point([...path, 'query', name], insertionsOf({ template })))
    const { text, data } = part.response
    const stream = part.stream === undefined ? undefined : { text: undefined, data: undefined, progress: undefined, end: undefined, ...part.stream }
    return {
      kind: 'http',
      inputs: used,
      method: part.method,
      origin: part.url.origin,
      path: part.url.path,
      query,
      headers: texts([...path, 'headers'], part.headers),
      body: body([...path, 'body'], part.body),
      response: { text, data },
      stream,
      errors: rulesOf(part.errors)
    }
  }
  const grpcRoute = (path: Path, part: GrpcPart): Route | undefined => {
    const refuse = (key: string, why: string) => void problems.push(problem([...path, key], why))
    if (registry === undefined) return refuse('service', 'needs descriptors: a FileDescriptorSet (buf build -o, protoc --include_imports --descriptor_set_out)')
    const method = registry.getService(part.service)?.methods.find((one) => one.name === part.method)
    if (method === undefined) return refuse(registry.getService(part.service) === undefined ? 'service' : 'method', 'is not in the descriptors')
    if (!isUnary(method)) return refuse('method', 'is not unary')
    const { text, data } = part.response
    const request = body([...path, 'request'], part.request) ?? { map: [] }
    return {
      kind: 'grpc',
      inputs: used,
      method,
      registry,
      metadata: texts([...path, 'metadata'], part.metadata),
      request,
      response: { text, data },
      errors: rulesOf(part.errors)
    }
  }
  const route = (path: Path, part: { readonly http?: HttpPart | undefined; readonly grpc?: GrpcPart | undefined }): Route | undefined => {
    used = new Set()
    if (part.http !== undefined && part.grpc !== undefined) problems.push(problem([...path, 'grpc'], 'expected http or grpc, not both'))
    if (part.http !== undefined) return httpRoute([...path, 'http'], part.http)
    return part.grpc === undefined ? undefined : grpcRoute([...path, 'grpc'], part.grpc)
  }

  for (const { name, from } of inputs) point(['inputs', name, 'from'], from)
  said.patterns.forEach(({ groups }, index) => {
    const unknown = groups.find((group) => !known.has(group))
    if (unknown !== undefined) problems.push(problem(['patterns', index], `the group ${unknown} is not an input of this mapping`))
  })
  const skills = Object.entries(said.skills).flatMap(([id, skill]): SkillRule[] => {
    const found = route(['skills', id], skill)
    if (found === undefined && skill.grpc === undefined) problems.push(problem(['skills', id], 'expected http or grpc'))
    return found === undefined ? [] : [{ id, match: skill.match, route: found }]
  })
  const otherwise = route([], said)
  if (otherwise === undefined && skills.length === 0 && problems.length === 0) problems.push(problem([], 'expected http, grpc or skills'))
  const { timeout: timeoutMs, maxBytes, health, patterns } = said
  return { mapping: { timeoutMs, maxBytes, secrets, inputs, patterns, otherwise, skills, health }, problems }
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary'
}

function rulesOf(errors: HttpPart['errors']): HttpRules {
  return Object.fromEntries(Object.entries(errors).map(([key, { code, message }]) => [key, { code, message }]))
}

type HttpRules = Extract<Route, { kind: 'http' }>['errors']

async function descriptorsOf(file: string, problem: (why: string) => ConfigProblem): Promise<FileRegistry> {
  const bytes = await contentOf(file, MAX_DESCRIPTORS, problem)
  try {
    return registryOf(bytes, MAX_DESCRIPTORS)
  } catch (thrown) {
    throw configError([problem(thrown instanceof HansaError ? thrown.message : 'not a FileDescriptorSet')])
  }
}

async function secretOf(source: MappingFile['secrets'][string], folder: string, env: Env, problem: (why: string) => ConfigProblem): Promise<string> {
  const secret = 'env' in source ? (env[source.env] ?? '') : (await contentOf(resolve(folder, source.file), MAX_SECRET, problem)).toString('utf8').trim()
  if (secret === '') throw configError([problem('env' in source ? `the environment has no ${source.env}` : 'the file is empty')])
  return secret
}

async function contentOf(file: string, max: number, problem: (why: string) => ConfigProblem): Promise<Buffer> {
  let size: number
  try {
    size = (await stat(file)).size
    if (size <= max) return await readFile(file)
  } catch {
    throw configError([problem(`cannot read ${file}`)])
  }
  throw configError([problem(`${file} has ${size} bytes; ${max} are the most`)])
}

function whole(source: string, message: string): ConfigProblem {
  return { source, line: 1, column: 1, key: '', message }
}

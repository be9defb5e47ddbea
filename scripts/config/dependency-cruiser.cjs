/**
 * Who may import whom (src/README.md, "Rooms"). Each room lists what it may import; everything else is a violation, also as a type.
 * The protobuf runtime goes where the schema goes: `create` is how a message is made.
 */
const SCHEMA = ['^src/schema/', '^node_modules/@bufbuild/protobuf/']
const IDS = '^src/core/ids/'
const WIRE_TABLES = '^src/wire/(methods|operations|topics)[.]ts$'

/** A rule: modules under `from` import only what `may` matches. `$1` in `may` is the first group of `from`. */
const room = (name, from, may) => ({ name, severity: 'error', from: { path: from }, to: { pathNot: may } })

const BUILTIN = [
  '^node:',
  ...require('node:module')
    .builtinModules.filter((id) => !id.startsWith('node:') && !id.startsWith('_'))
    .map((id) => `^${id}$`)
]
const library = (...names) => names.map((name) => `^node_modules/${name}/`)

/** The libraries of each adapter; no other room sees them. */
const LIBRARIES = {
  libp2p: library(
    '@libp2p/[^/]+',
    'libp2p',
    '@chainsafe/libp2p-[^/]+',
    '@multiformats/multiaddr',
    'multiformats',
    'uint8arraylist',
    'uint8arrays',
    'interface-datastore',
    'datastore-core'
  ),
  jose: library('jose'),
  // it-pipe over Node's own HTTP responses, whose end is always seen.
  http: library('fastify', 'it-pipe', 'canonicalize', 'jose'),
  grpc: library('@grpc/grpc-js'),
  mqtt: library('aedes', 'mqtt'),
  mcp: library('@modelcontextprotocol/client'),
  // Protection of spans and sentences are rules, not I/O.
  language: [...library('eld', 'fast-xml-parser', 'csv-parse', 'fastest-levenshtein', 'cockatiel'), '^src/core/translation/'],
  system: library('pino', 'prom-client')
}
const ADAPTER = [...SCHEMA, '^src/wire/', '^src/ports/', IDS, '^src/core/crypto[.]ts$', '^src/core/structures/', ...BUILTIN]

module.exports = {
  forbidden: [
    { name: 'no-cycles', comment: 'Type-only cycles count.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'declared-packages',
      comment: 'What src imports is a dependency of the package, named in package.json.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] }
    },
    room('schema', '^src/schema/', SCHEMA),
    room('core', '^src/core/([^/]+)', [...SCHEMA, '^src/core/crypto[.]ts$', '^src/core/(ids|structures|liveness)/', '^src/core/$1/']),
    room('wire', '^src/wire/(?!format/)', [...SCHEMA, '^src/wire/', IDS, '^src/core/crypto[.]ts$']),
    // Pure codecs, each for its format.
    room('wire/format', '^src/wire/format/', [...SCHEMA, '^src/wire/', IDS, ...library('cborg')]),
    // The nouns of the authority: what a door shows of an application is what the ACA decided about.
    room('ports', '^src/ports/', [...SCHEMA, '^src/ports/', WIRE_TABLES, IDS, '^src/core/pki/(grant|issued|signed|verdict)[.]ts$']),
    room('roles', '^src/roles/([^/]+)/', [...SCHEMA, '^src/core/', '^src/wire/', '^src/ports/', '^src/roles/$1/']),
    room('adapters', `^src/adapters/(?!(?:${Object.keys(LIBRARIES).join('|')})/)([^/]+)/`, [...ADAPTER, '^src/adapters/$1/']),
    ...Object.entries(LIBRARIES).map(([name, libraries]) =>
      room(`adapters/${name}`, `^src/adapters/${name}/`, [...ADAPTER, `^src/adapters/${name}/`, ...libraries])
    ),
    // The demo's agents are programs of their own, written as a stranger would: against the public API, or the A2A SDK alone.
    room('demo agents', '^src/cli/demo/agents/', ['^src/index[.]ts$', '^src/cli/demo/agents/', ...library('@a2a-js/sdk', 'express'), ...BUILTIN]),
    room('node', '^src/node/', [...SCHEMA, '^src/(core|wire|ports|roles|adapters|node)/', ...library('yaml', 'zod', '@multiformats/multiaddr'), ...BUILTIN]),
    // How a task is shown is a function of its run.
    room('admin', '^src/admin/', [...SCHEMA, '^src/(ports|node|admin)/', '^src/core/(task|ids)/', ...library('fastify', 'zod'), ...BUILTIN]),
    {
      name: 'admin-knows-node-by-type',
      comment: 'Operations are given a node that runs; cli/host makes the node and starts the admin server beside it.',
      severity: 'error',
      from: { path: '^src/admin/' },
      to: { path: '^src/node/', dependencyTypesNot: ['type-only'] }
    },
    // Commands speak to a running node through the admin client, as any outside program could.
    room('cli', '^src/cli/(?!demo/|host/|mcp/)', [
      ...SCHEMA,
      '^src/node/',
      '^src/admin/client[.]ts$',
      '^src/cli/',
      ...library('commander', 'yaml'),
      ...BUILTIN
    ]),
    // `mcp` speaks to the node as the other commands do, but its tools have the shapes of the admin API.
    room('cli/mcp', '^src/cli/mcp/', [...SCHEMA, '^src/node/', '^src/admin/', '^src/cli/', ...library('@modelcontextprotocol/server', 'zod'), ...BUILTIN]),
    // `up` and `agent run` are where a node and its admin server come together.
    room('cli/host', '^src/cli/host/', [...SCHEMA, '^src/node/', '^src/admin/', '^src/cli/', ...BUILTIN]),
    // The demo watches from outside: the admin client of each node, and a plain A2A client at the doors.
    room('cli/demo', '^src/cli/demo/(?!agents/)', [...SCHEMA, '^src/node/', '^src/admin/client[.]ts$', '^src/cli/', ...library('@a2a-js/sdk'), ...BUILTIN]),
    room('index', '^src/index[.]ts$', [
      ...SCHEMA,
      '^src/ports/',
      '^src/roles/agent/',
      '^src/node/',
      // Types that the public API mentions.
      '^src/(adapters/inprocess-agent/handler|wire/operations|wire/inbox-receipt|core/task/work-state|core/ids/extension-uris)[.]ts$'
    ]),
    room('bin', '^bin/', ['^src/cli/', '^dist/cli/', ...BUILTIN])
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] }
  }
}

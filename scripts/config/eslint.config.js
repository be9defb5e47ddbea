import tseslint from 'typescript-eslint'
import { noStreamIteration } from './no-stream-iteration.js'

const STREAMS = 'Streams are handled in src/adapters/libp2p only; its readers and writers have the back-pressure that libp2p 3 lacks.'
const CORE = 'core/ is synchronous and pure: time, randomness and effects are arguments and results.'
const CLOCK = 'Roles take time from ports/clock, so that tests never sleep.'

/** `onDrain()` works once only, and `pipe` never ends on an early FIN. */
const streamTraps = [
  {
    selector: "CallExpression[callee.property.type='Identifier'][callee.property.name='onDrain']",
    message: `onDrain() resolves at once after its first use. ${STREAMS}`
  }
]
const reExports = [
  { selector: 'ExportAllDeclaration', message: 'No barrels but src/index.ts: import the file that has the thing.' },
  { selector: 'ExportNamedDeclaration[source]', message: 'No barrels but src/index.ts: import the file that has the thing.' }
]
const asynchrony = [
  { selector: ':function[async=true]', message: CORE },
  { selector: 'AwaitExpression', message: CORE },
  { selector: 'ForOfStatement[await=true]', message: CORE },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: CORE }
]
const timersAndChance = [
  { selector: "MemberExpression[object.name='Date'][property.name='now']", message: CLOCK },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Randomness comes through a port, so that a seed replays it.' }
]
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate']
/** Both are fine on plain async iterables; adapters/http uses it-pipe so. */
const pipes = [{ name: '@libp2p/utils', importNames: ['pipe'], message: `pipe() hangs when the other side ended early. ${STREAMS}` }]
const pipesOnStreams = [...pipes, { name: 'it-pipe', message: `pipe() hangs when the other side of a libp2p stream ended early. ${STREAMS}` }]

export default tseslint.config(
  { ignores: ['**/generated/**', 'dist/**'] },
  tseslint.configs.recommended,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['bin/*.js', 'scripts/config/*.js', 'scripts/config/*.cjs'] }, tsconfigRootDir: process.cwd() }
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin, hansa: { rules: { 'no-stream-iteration': noStreamIteration } } },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'off',
      // A composition root hands out a reader of what it makes later.
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
      'no-restricted-syntax': ['error', ...streamTraps],
      'no-restricted-imports': ['error', { paths: pipes }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }]
    }
  },
  {
    files: ['**/*.ts'],
    rules: {
      'hansa/no-stream-iteration': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false, attributes: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/only-throw-error': 'error'
    }
  },
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  // mocha's own style: an assertion may be an expression, a describe's function may be async.
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/no-unused-expressions': 'off' } },
  { files: ['src/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...streamTraps, ...reExports] } },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/adapters/libp2p/**'],
    rules: {
      'no-restricted-imports': ['error', { paths: pipes, patterns: [{ regex: '^(?:@libp2p/|libp2p(?:/|$)|@chainsafe/libp2p-)', message: STREAMS }] }]
    }
  },
  { files: ['src/adapters/libp2p/**/*.ts', 'src/adapters/rpc/**/*.ts'], rules: { 'no-restricted-imports': ['error', { paths: pipesOnStreams }] } },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...[...TIMERS, 'Date', 'Promise', 'queueMicrotask', 'performance', 'process', 'crypto', 'fetch'].map((name) => ({ name, message: CORE }))
      ],
      'no-restricted-syntax': ['error', ...streamTraps, ...reExports, ...asynchrony]
    }
  },
  {
    files: ['src/roles/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...TIMERS.map((name) => ({ name, message: CLOCK }))],
      'no-restricted-syntax': ['error', ...streamTraps, ...reExports, ...timersAndChance]
    }
  },
  { files: ['src/index.ts'], rules: { 'no-restricted-syntax': ['error', ...streamTraps] } }
)

import { OptionDefaults } from 'typedoc'

/** API docs: `npm run docs`. Every public symbol must be documented, and every type that it mentions must be public, too. */
export default {
  name: 'Hansa',
  entryPoints: ['../../src/index.ts'],
  tsconfig: '../../tsconfig.json',
  // Git-ignored, and no part of the package.
  out: '../../docs-api',
  readme: 'none',
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  // `npm run check` has one check of types already.
  skipErrorChecking: true,
  // What the generator of the schema writes above each message.
  blockTags: [...OptionDefaults.blockTags, '@generated'],
  validation: { notExported: true, invalidLink: true, invalidPath: true, notDocumented: true, rewrittenLink: true },
  // Names of properties mostly say it themselves; what they do not say is in their docstrings.
  requiredToBeDocumented: ['Enum', 'Variable', 'Function', 'Class', 'Interface', 'Method', 'Accessor', 'TypeAlias'],
  treatWarningsAsErrors: true
}

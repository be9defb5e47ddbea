import { Document, isMap, isScalar } from 'yaml'
import type { ConfigFile } from './schema.ts'
import { settingAt } from './settings.ts'

const HEAD = ' Settings of this Hansa node. Only what differs from the defaults is here:\n hansa config show lists every key with its default and the reason.'

/** A config.yaml for people: each key with its reason as a comment. */
export function renderConfig(config: ConfigFile): string {
  const document = new Document(config)
  document.commentBefore = HEAD
  annotate(document.contents, [])
  return document.toString({ lineWidth: 0 })
}

function annotate(node: unknown, path: readonly string[]): void {
  if (!isMap(node)) return
  for (const { key, value } of node.items) {
    const inner = [...path, String(key)]
    const setting = settingAt(inner)
    if (setting === undefined) annotate(value, inner)
    else if (isScalar(key)) key.commentBefore = ` ${setting.description}`
  }
}

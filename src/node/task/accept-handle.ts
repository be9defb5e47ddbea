import { parseHandle } from '../../core/ids/agent-id.ts'

/** True for name@domain. */
export function acceptHandle(text: string): boolean {
  try {
    parseHandle(text)
    return true
  } catch {
    return false
  }
}

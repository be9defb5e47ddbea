import { formatHandle } from '../../../core/ids/agent-id.ts'
import { parseSpiffeId } from '../../../core/ids/spiffe-id.ts'

/** A party by its handle, whether it is named by that or by its SPIFFE ID. What is neither stays as it is. */
export function partyOf(name: string): string {
  if (!name.startsWith('spiffe:')) return name
  try {
    return formatHandle(parseSpiffeId(name))
  } catch {
    return name
  }
}

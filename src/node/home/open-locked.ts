import { type HomeLock, lockHome } from './home-lock.ts'
import { takeNextKey } from './next-key.ts'
import { type Home, openHome } from './open-home.ts'

/** A home for this process alone, with the key that waited for it. Throws as `openHome`, HOME_LOCKED. */
export async function openLocked(dir: string, env: Readonly<Record<string, string | undefined>>): Promise<{ readonly home: Home; readonly lock: HomeLock }> {
  const found = await openHome(dir, env)
  const lock = lockHome(found.paths)
  try {
    return { home: (await takeNextKey(found.paths, Date.now())) ? await openHome(dir, env) : found, lock }
  } catch (error) {
    lock.release()
    throw error
  }
}

import { type AdminClient, createAdminClient } from '../admin/client.ts'
import { homePaths } from '../node/home/home-paths.ts'
import { readAdminToken } from '../node/home/admin-token.ts'
import { readRunFile } from '../node/home/run-file.ts'

/** Finds the running node of a home. Throws NODE_NOT_RUNNING, KEY_MISSING, KEY_EXPOSED. */
export async function connect(home: string): Promise<AdminClient> {
  const paths = homePaths(home)
  const run = await readRunFile(paths)
  return createAdminClient({ address: run.admin, token: await readAdminToken(paths), home: paths.dir })
}

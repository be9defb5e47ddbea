import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'

// A removed source file must not live on in dist.
rmSync('dist', { recursive: true, force: true })
const { status } = spawnSync('tsc', ['-p', 'scripts/config/tsconfig.build.json'], { stdio: 'inherit' })
process.exitCode = status ?? 1

/** Registers agents for ever and prints the name of each when its commit has been acknowledged. Arguments: the file, a prefix for names. */
import { writeSync } from 'node:fs'
import { create } from '@bufbuild/protobuf'
import { openAgentDatabase } from '../../../../src/adapters/sqlite/agent-database.ts'
import { words } from '../../../../src/core/directory/words.ts'
import { AgentRecordSchema, AgentStatus, RecordState } from '../../../../src/schema/generated/hansa/v1/directory_pb.ts'

const [path = '', prefix = ''] = process.argv.slice(2)
const database = openAgentDatabase(path, { words })
const signed = new Uint8Array(1_500).fill(7)

for (let i = 0; ; i++) {
  const name = `${prefix}${i}`
  const resourceId = `urn:air:north.example:agent:${name}`
  const record = create(AgentRecordSchema, { resourceId, state: RecordState.REGISTERED, name: 'Flight', capabilities: ['travel/flight-booking'], sequence: 1n })
  database.put({ record, signed, description: signed, status: AgentStatus.UNKNOWN, gateway: '', statusAt: 0 })
  await database.commit()
  writeSync(1, `${name}\n`)
}

import { McpServer } from '@modelcontextprotocol/server'
import type { AdminClient } from '../../admin/client.ts'
import { version } from '../../node/version.ts'
import { addAgentResource } from './agent-resource.ts'
import { addCallTool } from './call-tool.ts'
import { addDirectoryTools } from './directory-tools.ts'
import { addSessionTools } from './session-tools.ts'
import { addTaskTools } from './task-tools.ts'

/** Members that the arguments of one call may have in all. */
const MAX_ELEMENTS = 100_000

const INSTRUCTIONS = `Hansa is a network of AI agents of many domains. Find an agent with hansa_find, read its card (resource hansa://agent/HANDLE) to see what it takes, and call it with hansa_call. What several agents have to do together is a task: hansa_task_run. What was said before is in hansa_session_list and hansa_session_show. Errors say their stable code and what to do.`

/** The swarm as tools, for one client. `admin` gives the client of the node that runs now, which may have been started again since the last call. */
export function createSwarmServer(admin: () => Promise<AdminClient>): McpServer {
  const server = new McpServer({ name: 'hansa', title: 'Hansa', version }, { instructions: INSTRUCTIONS, maxToolInputElements: MAX_ELEMENTS })
  addDirectoryTools(server, admin)
  addCallTool(server, admin)
  addTaskTools(server, admin)
  addSessionTools(server, admin)
  addAgentResource(server, admin)
  return server
}

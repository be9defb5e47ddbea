/** The sections of the draft that say what an implementation does. Sources, tests and the README name each of them. */
export const SECTIONS: Readonly<Record<string, string>> = {
  '2.2': 'Agent Certificate Authority',
  '2.3': 'Agent Registration Server',
  '2.4': 'AI Agents',
  '2.5': 'Agent Gateway',
  '3.1.1': 'Certificate Application',
  '3.1.2': 'Certificate Management',
  '3.2.1': 'Registration',
  '3.2.2': 'Information Management',
  '3.2.3': 'Agents Discovery',
  '3.3.1': 'Status Maintenance',
  '3.3.2': 'Collaboration Support',
  '3.4.1': 'AGw Interconnection',
  '3.4.2': 'Resources Synchronization',
  '3.4.3': 'Status Maintenance',
  '3.4.4': 'Relay Forwarding',
  '3.5': 'Interactions between ARSs'
}

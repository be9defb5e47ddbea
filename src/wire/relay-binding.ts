/** `protocolBinding` in the card of an agent that lives inside its node: it has no address of its own and is reached by relay only. A network constant. */
export const RELAY_BINDING = 'urn:hansa:relay:1.0'

import type { MqttClient, Packet } from 'mqtt'

/** PUBACK's reason code for a message that nobody reads (MQTT 5, 3.4.2.1). */
const NO_SUBSCRIBERS = 0x10

/** Told of each message that was published, says once whether its PUBACK said that nobody reads it. */
export type WasUnread = (published: Packet | undefined) => boolean

/** The library counts a message that nobody reads as delivered and does not show the reason code with it; the packets themselves do. */
export function watchUnread(client: MqttClient): WasUnread {
  const unread = new Set<number>()
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback' && packet.reasonCode === NO_SUBSCRIBERS && packet.messageId !== undefined) unread.add(packet.messageId)
  })
  client.on('close', () => unread.clear())
  return (published) => published?.messageId !== undefined && unread.delete(published.messageId)
}

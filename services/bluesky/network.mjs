// Starts the network, writes its addresses to the file named first, and runs until it is stopped.
//   node network.mjs READY_FILE '{"plc":PORT,"pds":PORT,"appview":PORT,"ozone":PORT}'

import { renameSync, writeFileSync } from 'node:fs'

import { TestNetwork } from '@atproto/dev-env'

const [readyFile, portsText] = process.argv.slice(2)
const ports = JSON.parse(portsText)

const network = await TestNetwork.create({
  plc: { port: ports.plc },
  pds: { port: ports.pds, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: {
    port: ports.appview,
    dbPostgresSchema: 'bsky',
    publicUrl: `http://localhost:${ports.appview}`,
  },
  ozone: { port: ports.ozone },
})

// Everything here is thrown away: nothing is worth waiting for.
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0))

writeFileSync(
  `${readyFile}.new`,
  JSON.stringify({
    plc: network.plc.url,
    pds: network.pds.url,
    appview: network.bsky.url,
    ozone: network.ozone.url,
    ozone_did: network.ozone.ctx.cfg.service.did,
  }),
)
renameSync(`${readyFile}.new`, readyFile)
console.log('ready')

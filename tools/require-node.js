// Checks the Node version before npm scripts that load native packages; see bin/node-version.js.
import { requireNode } from '../bin/node-version.js'

requireNode()

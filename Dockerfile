# Three stages: one packs, one installs the packed server, and the last holds nothing else.
# `npm run rehearse` takes the same steps in a folder, where no container engine is at hand.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
COPY console/package.json console/
RUN npm ci
COPY . .
RUN npm run pack

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY .npmrc ./
COPY --from=build /app/keyhouse-*.tgz keyhouse.tgz
# npm-shrinkwrap.json pins every package, and lacks those of the two deleted fields. The optional ones are Node itself, which this image has.
RUN tar -xzf keyhouse.tgz --strip-components=1 && rm keyhouse.tgz && npm pkg delete devDependencies workspaces && npm ci --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 KEYHOUSE_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app ./
# Everything above belongs to root. The one place to write is the volume: run it with a read-only root.
RUN install -d -m 0700 -o 10001 -g 10001 /data
USER 10001:10001
VOLUME /data
EXPOSE 4000
# Whether the process lives (an image in OCI form cannot say it: build with `--format docker` where that is not the default). Whether it can serve is /readyz, for the proxy: a database that is away is not mended by a restart.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# It closes the port, answers what is in flight, and ends within ten seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--max-semi-space-size=16", "bin/keyhouse.js"]
CMD ["start"]

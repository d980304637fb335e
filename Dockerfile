# Three stages: compile, production dependencies, and the image with what both left.

FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install scripts: they fetch Node and Postgres for tests, and this image has Node.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY console console
COPY src src
RUN npm run build

FROM node:24-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete

FROM node:24-bookworm-slim
# glibc would keep what is freed in an arena for each thread: two are enough, and give back some 10 MB.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /build/node_modules node_modules
COPY sql sql
COPY --from=build /build/dist dist
RUN ln -s /app/dist/cli.js /usr/local/bin/walhook && install -d -o 1000 -g 1000 /app/cache
# So that `docker exec … walhook status` finds the file too.
WORKDIR /etc/walhook
# Numeric, so that Kubernetes' runAsNonRoot can tell. Nothing is written: the root may be read-only.
USER 1000:1000
# What V8 makes of the code is kept, so that a start need not make it: the first `run` and `healthcheck` fail, for there is no file, once all is loaded.
ENV NODE_COMPILE_CACHE=/app/cache
RUN walhook run -c /dev/null || walhook healthcheck -c /dev/null || true
# node is process 1 and handles SIGTERM itself: it drains, then ends with 0.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["walhook", "healthcheck", "-c", "/etc/walhook/walhook.yaml"]
ENTRYPOINT ["walhook"]
CMD ["run", "-c", "/etc/walhook/walhook.yaml"]

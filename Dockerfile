# The gateway as an image. Targets: cpu (default, below last) and cuda. docs/deployment.md says how to build and run.
# Bases are pinned to exact versions; renovate.json lets the update bot add and renew their digests.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG CUDA_IMAGE=docker.io/nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS node
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /app

# What is compiled: the gateway into dist/, the page into out/.
FROM node AS build
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
RUN node scripts/build.mjs

# What the gateway imports. onnxruntime-node ships the libraries of every platform; one of them runs here.
FROM node AS dependencies
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev \
    && binaries=node_modules/onnxruntime-node/bin/napi-v6 \
    && find "$binaries" -mindepth 1 -maxdepth 1 ! -name linux -exec rm -r {} + \
    && find "$binaries/linux" -mindepth 1 -maxdepth 1 ! -name "$(node -p process.arch)" -exec rm -r {} +

# The CUDA provider is too large for the npm registry: its own installer fetches it. Install scripts never run (.npmrc),
# so it is called by name. CUDA_PROVIDER=skip leaves it out.
FROM dependencies AS cuda-dependencies
ARG CUDA_PROVIDER=cuda12
RUN node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=${CUDA_PROVIDER}

# A root file system of what Node needs and nothing else, and tini to forward signals: no shell, no package manager. The packages' records come
# along, so that scanners know what they look at.
FROM node AS root
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update -q \
    && apt-get install -y -q --no-install-recommends 'tini=0.19.0-*' \
    && rm -rf /var/lib/apt/lists/*
RUN set -eu; \
    packages="tini libc6 libgcc-s1 libstdc++6 $(dpkg-query -W -f '${Package} ' 'gcc-*-base')"; \
    mkdir -p /image/etc /image/usr/lib /image/usr/local/bin /image/var/lib/dpkg/status.d; \
    for package in $packages; do \
      dpkg -s "$package" > "/image/var/lib/dpkg/status.d/$package"; \
      dpkg -L "$package" | while read -r path; do [ -d "$path" ] || [ ! -e "$path" ] || echo "$path"; done; \
    done | tar -cf - --no-recursion -T - | tar -xf - -C /image; \
    cp /usr/local/bin/node /image/usr/local/bin/; \
    cp /usr/lib/os-release /image/usr/lib/; \
    ln -s ../usr/lib/os-release /image/etc/os-release; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
    echo 'root:x:0:0:root:/:/sbin/nologin' > /image/etc/passwd; \
    echo 'twinlens:x:10001:10001:Twinlens:/data:/sbin/nologin' >> /image/etc/passwd; \
    printf 'root:x:0:\ntwinlens:x:10001:\n' > /image/etc/group; \
    install -d -m 1777 /image/tmp; \
    install -d -m 0750 -o 10001 -g 10001 /image/data

# What both targets hold below /app, owned by root: the gateway can't change its own program.
FROM scratch AS app
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE /app/
COPY --from=build /app/scripts/backup.mjs /app/scripts/healthcheck.mjs /app/scripts/
COPY --from=build /app/models /app/models
COPY --from=build /app/dist /app/dist
COPY --from=build /app/out /app/out

FROM ${CUDA_IMAGE} AS cuda
RUN groupadd --gid 10001 twinlens \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin twinlens \
    && install -d -m 0750 -o 10001 -g 10001 /data
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=root /image/usr/bin/tini-static /usr/bin/tini-static
COPY --from=cuda-dependencies /app/node_modules /app/node_modules
COPY --from=app /app /app
WORKDIR /app
USER 10001:10001
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 TWINLENS_HOST=0.0.0.0 TWINLENS_PORT=8080 TWINLENS_DATA=/data
VOLUME /data
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["/usr/local/bin/node", "/app/scripts/healthcheck.mjs"]
ENTRYPOINT ["/usr/bin/tini-static", "--", "/usr/local/bin/node", "--enable-source-maps", "/app/dist/gateway/main.js"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG CUDA_IMAGE
LABEL org.opencontainers.image.title="Twinlens gateway (CUDA)" \
      org.opencontainers.image.description="Image classification for those whose device can't run it, on an NVIDIA GPU" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${CUDA_IMAGE}"

# Process 1 is tini: until Node has set up its handlers, the kernel would drop a signal to it. ONNX Runtime's telemetry
# stays off: nothing is reported to anybody.
FROM scratch AS cpu
COPY --from=root /image /
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=app /app /app
WORKDIR /app
USER 10001:10001
ENV NODE_ENV=production PATH=/usr/local/bin MALLOC_ARENA_MAX=2 \
    TWINLENS_HOST=0.0.0.0 TWINLENS_PORT=8080 TWINLENS_DATA=/data
VOLUME /data
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/node", "/app/scripts/healthcheck.mjs"]
ENTRYPOINT ["/usr/bin/tini-static", "--", "/usr/local/bin/node", "--enable-source-maps", "/app/dist/gateway/main.js"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG NODE_IMAGE
LABEL org.opencontainers.image.title="Twinlens gateway" \
      org.opencontainers.image.description="Image classification for those whose device can't run it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${NODE_IMAGE}"

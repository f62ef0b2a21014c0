# The backend for plain Compose; regionctl itself copies the program into a container of the node image.
# Its context is dist/programs, where "npm ci" or "npm run build" leaves the program.
ARG NODE=node:22-slim
FROM ${NODE}
COPY backend.cjs /regionctl/backend.cjs
USER node
WORKDIR /regionctl
CMD ["node", "backend.cjs"]

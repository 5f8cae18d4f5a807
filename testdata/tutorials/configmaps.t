# What a container sees of ConfigMaps: variables, files, and how changes arrive.
# kctl: seed=1

  $ printf 'enemies=aliens\nlives=3\n' > game.properties
  $ kubectl create configmap game --from-file=game.properties --from-literal=level=easy --from-literal=special.how=very
  configmap/game created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: reader}
  > spec:
  >   containers:
  >   - name: reader
  >     image: busybox
  >     command: [sh, -c, 'echo "level is $LEVEL, or $(LEVEL)"; sleep infinity']
  >     env:
  >     - name: LEVEL
  >       valueFrom: {configMapKeyRef: {name: game, key: level}}
  >     - name: NOT_THERE
  >       valueFrom: {configMapKeyRef: {name: none, key: none, optional: true}}
  >     envFrom:
  >     - prefix: GAME_
  >       configMapRef: {name: game}
  >     volumeMounts:
  >     - {name: config, mountPath: /etc/config}
  >     - {name: one, mountPath: /etc/one}
  >     - {name: config, mountPath: /etc/level, subPath: level}
  >   volumes:
  >   - name: config
  >     configMap: {name: game}
  >   - name: one
  >     configMap: {name: game, defaultMode: 0400, items: [{key: game.properties, path: sub/game}]}
  > E
  pod/reader created
  $ kubectl wait --for=condition=Ready pod/reader
  pod/reader condition met
  $ kubectl logs reader
  level is easy, or easy
# Variables.
  $ kubectl exec reader -- printenv LEVEL
  easy
  $ kubectl exec reader -- env | grep ^GAME_
  GAME_game.properties=enemies=aliens
  GAME_level=easy
  GAME_special.how=very
  $ kubectl exec reader -- printenv NOT_THERE
  command terminated with exit code 1
  [1]
# Files: each key is a link to the one behind ..data, which is replaced as a whole.
  $ kubectl exec reader -- ls -A /etc/config
  ..2026_01_01_00_00_02.881687138
  ..data
  game.properties
  level
  special.how
  $ kubectl exec reader -- cat /etc/config/game.properties
  enemies=aliens
  lives=3
  $ kubectl exec reader -- readlink /etc/config/level
  ..data/level
  $ kubectl exec reader -- ls -lL /etc/one/sub | sed 's/ root .* game/ ... game/'
  total 4
  -r--------    1 ... game
  $ kubectl exec reader -- sh -c 'echo x > /etc/config/level'
  sh: can't create /etc/config/level: Read-only file system
  command terminated with exit code 1
  [1]
# A change arrives in files after a while, but not in variables, and not in a subPath.
  $ kubectl patch configmap game -p '{"data":{"level":"hard"}}'
  configmap/game patched
  $ kubectl exec reader -- cat /etc/config/level
  easy (no-eol)
  $ kctl clock advance 2m >/dev/null
  $ kubectl exec reader -- sh -c 'cat /etc/config/level; echo; cat /etc/level; echo; echo $LEVEL'
  hard
  easy
  easy

# Databases: a server with a volume, and a replicated one. They accept connections, and their clients are not simulated.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: PersistentVolume
  > metadata: {name: mysql-pv-volume, labels: {type: local}}
  > spec: {storageClassName: manual, capacity: {storage: 20Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /mnt/data}}
  > ---
  > apiVersion: v1
  > kind: PersistentVolumeClaim
  > metadata: {name: mysql-pv-claim}
  > spec: {storageClassName: manual, accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: single}
  > spec: {ports: [{port: 3306}], selector: {app: single}, clusterIP: None}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: single}
  > spec:
  >   selector: {matchLabels: {app: single}}
  >   strategy: {type: Recreate}
  >   template:
  >     metadata: {labels: {app: single}}
  >     spec:
  >       containers:
  >       - image: mysql:9
  >         name: mysql
  >         env: [{name: MYSQL_ROOT_PASSWORD, value: password}]
  >         ports: [{containerPort: 3306, name: mysql}]
  >         volumeMounts: [{name: mysql-persistent-storage, mountPath: /var/lib/mysql}]
  >       volumes:
  >       - {name: mysql-persistent-storage, persistentVolumeClaim: {claimName: mysql-pv-claim}}
  > X
  persistentvolume/mysql-pv-volume created
  persistentvolumeclaim/mysql-pv-claim created
  service/single created
  deployment.apps/single created
  $ kubectl rollout status deployment/single | tail -1
  deployment "single" successfully rolled out
  $ kubectl get pvc mysql-pv-claim
  NAME             STATUS   VOLUME            CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
  mysql-pv-claim   Bound    mysql-pv-volume   20Gi       RWO            manual         <unset>                 2s
  $ kubectl exec deploy/single -- mysqladmin ping
  mysqld is alive
  $ kubectl run client --image=busybox:1.36 -i -q --rm --restart=Never -- nc -z -w 1 single 3306 && echo it listens
  it listens
  $ kubectl exec deploy/single -- sh -c 'mysql -e "SELECT 1"' >/dev/null 2>&1 || echo the client is not simulated
  the client is not simulated
  $ kubectl delete deployment,svc single && kubectl delete pvc mysql-pv-claim && kubectl delete pv mysql-pv-volume
  deployment.apps "single" deleted from default namespace
  service "single" deleted from default namespace
  persistentvolumeclaim "mysql-pv-claim" deleted from default namespace
  persistentvolume "mysql-pv-volume" deleted
# The pods of a StatefulSet configure themselves by their numbers.
  $ kubectl create configmap mysql --from-literal=primary.cnf='[mysqld]
  > log-bin' --from-literal=replica.cnf='[mysqld]
  > super-read-only'
  configmap/mysql created
  $ kubectl create service clusterip mysql --clusterip=None --tcp=3306
  service/mysql created
  $ kubectl apply -f - <<'X'
  > apiVersion: apps/v1
  > kind: StatefulSet
  > metadata:
  >   name: mysql
  > spec:
  >   selector:
  >     matchLabels:
  >       app: mysql
  >   serviceName: mysql
  >   replicas: 3
  >   template:
  >     metadata:
  >       labels:
  >         app: mysql
  >     spec:
  >       initContainers:
  >       - name: init-mysql
  >         image: mysql:5.7
  >         command:
  >         - bash
  >         - "-c"
  >         - |
  >           set -ex
  >           # Generate mysql server-id from pod ordinal index.
  >           [[ $HOSTNAME =~ -([0-9]+)$ ]] || exit 1
  >           ordinal=${BASH_REMATCH[1]}
  >           echo [mysqld] > /mnt/conf.d/server-id.cnf
  >           # Add an offset to avoid reserved server-id=0 value.
  >           echo server-id=$((100 + $ordinal)) >> /mnt/conf.d/server-id.cnf
  >           # Copy appropriate conf.d files from config-map to emptyDir.
  >           if [[ $ordinal -eq 0 ]]; then
  >             cp /mnt/config-map/primary.cnf /mnt/conf.d/
  >           else
  >             cp /mnt/config-map/replica.cnf /mnt/conf.d/
  >           fi
  >         volumeMounts:
  >         - name: conf
  >           mountPath: /mnt/conf.d
  >         - name: config-map
  >           mountPath: /mnt/config-map
  >       - name: clone-mysql
  >         image: gcr.io/google-samples/xtrabackup:1.0
  >         command:
  >         - bash
  >         - "-c"
  >         - |
  >           set -ex
  >           # Skip the clone if data already exists.
  >           [[ -d /var/lib/mysql/mysql ]] && exit 0
  >           # Skip the clone on primary (ordinal index 0).
  >           [[ `hostname` =~ -([0-9]+)$ ]] || exit 1
  >           ordinal=${BASH_REMATCH[1]}
  >           [[ $ordinal -eq 0 ]] && exit 0
  >           # Clone data from previous peer.
  >           ncat --recv-only mysql-$(($ordinal-1)).mysql 3307 | xbstream -x -C /var/lib/mysql
  >           # Prepare the backup.
  >           xtrabackup --prepare --target-dir=/var/lib/mysql
  >         volumeMounts:
  >         - name: data
  >           mountPath: /var/lib/mysql
  >           subPath: mysql
  >         - name: conf
  >           mountPath: /etc/mysql/conf.d
  >       containers:
  >       - name: mysql
  >         image: mysql:5.7
  >         env:
  >         - name: MYSQL_ALLOW_EMPTY_PASSWORD
  >           value: "1"
  >         ports:
  >         - name: mysql
  >           containerPort: 3306
  >         volumeMounts:
  >         - name: data
  >           mountPath: /var/lib/mysql
  >           subPath: mysql
  >         - name: conf
  >           mountPath: /etc/mysql/conf.d
  >         resources:
  >           requests:
  >             cpu: 500m
  >             memory: 1Gi
  >         livenessProbe:
  >           exec:
  >             command: ["mysqladmin", "ping"]
  >           initialDelaySeconds: 30
  >           periodSeconds: 10
  >           timeoutSeconds: 5
  >         readinessProbe:
  >           exec:
  >             # Check we can execute queries over TCP (skip-networking is off).
  >             command: ["mysql", "-h", "127.0.0.1", "-e", "SELECT 1"]
  >           initialDelaySeconds: 5
  >           periodSeconds: 2
  >           timeoutSeconds: 1
  >       - name: xtrabackup
  >         image: gcr.io/google-samples/xtrabackup:1.0
  >         ports:
  >         - name: xtrabackup
  >           containerPort: 3307
  >         command:
  >         - bash
  >         - "-c"
  >         - |
  >           set -ex
  >           cd /var/lib/mysql
  >           # Determine binlog position of cloned data, if any.
  >           if [[ -f xtrabackup_slave_info && "x$(<xtrabackup_slave_info)" != "x" ]]; then
  >             cat xtrabackup_slave_info | sed -E 's/;$//g' > change_master_to.sql.in
  >             rm -f xtrabackup_slave_info xtrabackup_binlog_info
  >           elif [[ -f xtrabackup_binlog_info ]]; then
  >             [[ `cat xtrabackup_binlog_info` =~ ^(.*?)[[:space:]]+(.*?)$ ]] || exit 1
  >             rm -f xtrabackup_binlog_info xtrabackup_slave_info
  >             echo "CHANGE MASTER TO MASTER_LOG_FILE='${BASH_REMATCH[1]}',\
  >                   MASTER_LOG_POS=${BASH_REMATCH[2]}" > change_master_to.sql.in
  >           fi
  >           if [[ -f change_master_to.sql.in ]]; then
  >             echo "Waiting for mysqld to be ready (accepting connections)"
  >             until mysql -h 127.0.0.1 -e "SELECT 1"; do sleep 1; done
  >             mv change_master_to.sql.in change_master_to.sql.orig
  >           fi
  >           # Start a server to send backups when requested by peers.
  >           exec ncat --listen --keep-open --send-only --max-conns=1 3307 -c \
  >             "xtrabackup --backup --slave-info --stream=xbstream --host=127.0.0.1 --user=root"
  >         volumeMounts:
  >         - name: data
  >           mountPath: /var/lib/mysql
  >           subPath: mysql
  >         - name: conf
  >           mountPath: /etc/mysql/conf.d
  >         resources:
  >           requests:
  >             cpu: 100m
  >             memory: 100Mi
  >       volumes:
  >       - name: conf
  >         emptyDir: {}
  >       - name: config-map
  >         configMap:
  >           name: mysql
  >   volumeClaimTemplates:
  >   - metadata:
  >       name: data
  >     spec:
  >       accessModes: ["ReadWriteOnce"]
  >       resources:
  >         requests:
  >           storage: 10Gi
  > X
  statefulset.apps/mysql created
  $ kubectl rollout status statefulset/mysql | tail -1
  partitioned roll out complete: 3 new pods have been updated...
  $ kubectl get pods -l app=mysql
  NAME      READY   STATUS    RESTARTS   AGE
  mysql-0   2/2     Running   0          35s
  mysql-1   2/2     Running   0          24s
  mysql-2   2/2     Running   0          11s
  $ for i in 0 1; do kubectl exec mysql-$i -c mysql -- sh -c 'cat /etc/mysql/conf.d/*.cnf'; done
  [mysqld]
  log-bin[mysqld]
  server-id=100
  [mysqld]
  super-read-only[mysqld]
  server-id=101
  $ kubectl logs mysql-1 -c clone-mysql
  + [[ -d /var/lib/mysql/mysql ]]
  ++ hostname
  + [[ mysql-1 =~ -([0-9]+)$ ]]
  + ordinal=1
  + [[ 1 -eq 0 ]]
  + ncat --recv-only mysql-0.mysql 3307
  + xbstream -x -C /var/lib/mysql
  + xtrabackup --prepare --target-dir=/var/lib/mysql
  $ kubectl scale statefulset mysql --replicas=5
  statefulset.apps/mysql scaled
  $ kubectl rollout status statefulset/mysql | tail -1
  partitioned roll out complete: 5 new pods have been updated...
  $ kubectl scale statefulset mysql --replicas=3
  statefulset.apps/mysql scaled
  $ kctl clock advance 2m >/dev/null
  $ kubectl get pods,pvc -l app=mysql -o name
  pod/mysql-0
  pod/mysql-1
  pod/mysql-2
  persistentvolumeclaim/data-mysql-0
  persistentvolumeclaim/data-mysql-1
  persistentvolumeclaim/data-mysql-2
  persistentvolumeclaim/data-mysql-3
  persistentvolumeclaim/data-mysql-4

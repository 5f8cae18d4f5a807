# A web server with a certificate: who trusts it, and who does not.
# kctl: seed=1

  $ cat > tls.crt <<'E'
  > -----BEGIN CERTIFICATE-----
  > MIIBpDCCAUmgAwIBAgIUC111T8d7ktpu9gTU4V6dzRsKP54wCgYIKoZIzj0EAwIw
  > JjERMA8GA1UEAwwIbXktbmdpbngxETAPBgNVBAoMCG15LW5naW54MCAXDTI2MTEz
  > MDIzMTIxOFoYDzIxMjYxMTA2MjMxMjE4WjAmMREwDwYDVQQDDAhteS1uZ2lueDER
  > MA8GA1UECgwIbXktbmdpbngwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATKFdXO
  > CqySCLAANHm6bc3KX/v9S4xmqsGf9Mzq94X6zbnwSRGV10hus0zyEtAY5mYvL1SN
  > LS7/aofubzdows1no1MwUTAdBgNVHQ4EFgQUPVG2PvI376354rvUH2BtDSA6l4Ew
  > HwYDVR0jBBgwFoAUPVG2PvI376354rvUH2BtDSA6l4EwDwYDVR0TAQH/BAUwAwEB
  > /zAKBggqhkjOPQQDAgNJADBGAiEAlcp99VY8RKrrnNxc6NqW/wlHM+YEwZa0cr02
  > PnJMAV0CIQDe5x50rmuqi5EF3l6PhfUwTcd9178hzMP04SxrfvomuA==
  > -----END CERTIFICATE-----
  > E
  $ cat > default.conf <<'E'
  > server {
  >   listen 80 default_server;
  >   listen 443 ssl;
  >   root /usr/share/nginx/html;
  >   server_name localhost;
  >   ssl_certificate /etc/nginx/ssl/tls.crt;
  >   ssl_certificate_key /etc/nginx/ssl/tls.key;
  >   location / { try_files $uri $uri/ =404; }
  >   location /scheme { return 200 "$scheme\n"; }
  > }
  > E
# The key is not looked at, so that none has to be shown here.
  $ kubectl create secret generic nginxsecret --type=kubernetes.io/tls --from-file=tls.crt --from-literal=tls.key=key
  Warning: tls: failed to find any PEM data in key input
  secret/nginxsecret created
  $ kubectl create configmap nginxconfigmap --from-file=default.conf
  configmap/nginxconfigmap created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Service
  > metadata: {name: my-nginx, labels: {run: my-nginx}}
  > spec:
  >   type: NodePort
  >   ports: [{port: 8080, targetPort: 80, protocol: TCP, name: http}, {port: 443, protocol: TCP, name: https}]
  >   selector: {run: my-nginx}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: my-nginx}
  > spec:
  >   selector: {matchLabels: {run: my-nginx}}
  >   template:
  >     metadata: {labels: {run: my-nginx}}
  >     spec:
  >       volumes:
  >       - {name: secret-volume, secret: {secretName: nginxsecret}}
  >       - {name: configmap-volume, configMap: {name: nginxconfigmap}}
  >       containers:
  >       - name: nginxhttps
  >         image: bprashanth/nginxhttps:1.0
  >         ports: [{containerPort: 443}, {containerPort: 80}]
  >         readinessProbe: {httpGet: {port: 443, scheme: HTTPS, path: /}}
  >         volumeMounts: [{mountPath: /etc/nginx/ssl, name: secret-volume}, {mountPath: /etc/nginx/conf.d, name: configmap-volume}]
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: curl}
  > spec:
  >   volumes: [{name: secret-volume, secret: {secretName: nginxsecret}}]
  >   containers:
  >   - name: curlpod
  >     image: radial/busyboxplus:curl
  >     command: [sh, -c, "while true; do sleep 1; done"]
  >     volumeMounts: [{mountPath: /etc/nginx/ssl, name: secret-volume}]
  > E
  service/my-nginx created
  deployment.apps/my-nginx created
  pod/curl created
  $ kubectl rollout status deployment/my-nginx | tail -1
  deployment "my-nginx" successfully rolled out
  $ kubectl wait --for=condition=Ready pod/curl
  pod/curl condition met
  $ kubectl exec curl -- curl -s https://my-nginx --cacert /etc/nginx/ssl/tls.crt | grep title
  <title>Welcome to nginx!</title>
  $ kubectl exec curl -- curl -sS https://my-nginx
  curl: (60) SSL certificate problem: self-signed certificate
  More details here: https://curl.se/docs/sslcerts.html
  
  curl failed to verify the legitimacy of the server and therefore could not
  establish a secure connection to it. To learn more about this situation and
  how to fix it, please visit the web page mentioned above.
  command terminated with exit code 60
  [60]
  $ kubectl exec curl -- curl -sS https://my-nginx.default --cacert /etc/nginx/ssl/tls.crt 2>&1 | head -1
  curl: (60) SSL: certificate subject name 'my-nginx' does not match target host name 'my-nginx.default'
  $ IP=$(kubectl get pods -l run=my-nginx -o jsonpath='{.items[0].status.podIP}'); kubectl exec curl -- curl -sk https://$IP/scheme
  https
  $ kubectl exec curl -- curl -s http://my-nginx:8080/scheme
  http
  $ kubectl exec curl -- curl -s http://my-nginx:443 | grep center
  <center><h1>400 Bad Request</h1></center>\r (esc)
  <center>The plain HTTP request was sent to HTTPS port</center>\r (esc)
  <hr><center>nginx</center>\r (esc)
  $ kubectl exec curl -- curl -sS -k https://my-nginx:8080
  curl: (35) error:0A00010B:SSL routines::wrong version number
  command terminated with exit code 35
  [35]
  $ kubectl exec curl -- sh -c 'curl -sk https://kubernetes/api/v1/nodes'
  {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
    "reason": "Forbidden",
    "details": {
      "kind": "nodes"
    },
    "code": 403
  } (no-eol)
  $ kubectl logs deploy/my-nginx | grep -v notice | cut -d' ' -f6-
  "GET / HTTP/1.1" 200 615 "-" "kube-probe/1.36" "-"
  "GET / HTTP/1.1" 200 615 "-" "curl/7.88.1" "-"
  "GET /scheme HTTP/1.1" 200 6 "-" "curl/7.88.1" "-"
  "GET /scheme HTTP/1.1" 200 5 "-" "curl/7.88.1" "-"
  "GET / HTTP/1.1" 400 248 "-" "curl/7.88.1" "-"

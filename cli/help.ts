/** What `npx twinlens --help` says. */
export const HELP = `Twinlens: the models of a running gateway

Usage: npx twinlens models COMMAND [options]

  list                          models, versions, labels, traffic, and what could be pulled
  add PATH|URL                  check a model and publish it: a package (folder, .tar, .tar.gz, .zip), a Hugging Face
                                image-classification folder, or a bare .onnx
      --name N --version V      what the files don't say; without a version it is the next one
      --title T --licence L
      --preset P                of a bare .onnx: torchvision, tensorflow, caffe or efficientnet-lite
      --classes FILE            of a bare .onnx: class names as JSON or one a line, or imagenet-1k
      --serve | --hold | --canary SHARE
                                serve it, keep "stable" where it is, or send it a share of the traffic
      --yes                     do not ask; the same as --serve
  pull MODEL [--source S]       fetch a model that a source offers, serve it and keep it current
  check [SOURCE]                look for new versions now
  promote MODEL[@VERSION]       move "stable" there; without a version to the canary
  rollback MODEL                move "stable" back to where it was
  canary MODEL@VERSION SHARE    send a share (0.1 or 10%) of the traffic there; --end ends it: canary MODEL --end
  hold MODEL | newest MODEL     keep "stable" where it is | let it follow the newest version again
  load | unload MODEL@VERSION   bring a version up | down
  remove MODEL@VERSION [--yes]  delete a version

Options everywhere
  --url URL                     the gateway; default TWINLENS_URL, else http://127.0.0.1:8080
  --token-file FILE             file with the admin token; default TWINLENS_ADMIN_TOKEN, TWINLENS_ADMIN_TOKEN_FILE
  --json                        one JSON document on stdout instead of words
  -h, --help

Examples
  npx twinlens models add ./my-model --canary 10%
  npx twinlens models add resnet50.onnx --name resnet50 --preset torchvision --classes imagenet-1k --serve
  npx twinlens models promote my-model && npx twinlens models list

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no gateway answers, 130 interrupted
`;

the same as templates/observe.sh

the same as templates/drain.sh
